import { expect } from 'chai';

import { readExecution } from '#application/domain/sovd/operation.js';

describe('readExecution', () => {
  it('the template: status, parameters and errors; null is as absent', () => {
    const error = [{ path: '/', error: { error_code: 'error-response', message: 'jammed' } }];
    expect(
      readExecution(
        { status: 'failed', capability: 'execute', parameters: { rpm: 3 }, error },
        { status: 200, executionStatus: 'failed' },
      ),
    ).to.deep.equal({ execution_status: 'failed', parameters: { rpm: 3 }, errors: error });
    expect(
      readExecution({ id: null, status: 'running', parameters: null, error: null, progress: null }, { status: 200 }),
    ).to.deep.equal({ execution_status: 'running' });
  });

  it('execution_id and result instead of id and parameters: are understood, with progress', () => {
    expect(
      readExecution({ execution_id: 17, status: 'Running', result: [1], progress: 40 }, { status: 200 }),
    ).to.deep.equal({ execution_status: 'running', execution_id: '17', parameters: [1], progress: 40 });
  });

  it('the status word: is that of the link, else of the document, else follows from the HTTP status', () => {
    const word = (document: object | null, status: number, executionStatus?: string): unknown =>
      readExecution(document as null, executionStatus === undefined ? { status } : { status, executionStatus })[
        'execution_status'
      ];
    expect(word({ status: 'running' }, 200, 'stopped')).to.equal('stopped');
    expect(word({ status: 'pending' }, 202)).to.equal('pending');
    expect(word({ id: 'e1' }, 202)).to.equal('running');
    expect(word({ parameters: {} }, 200)).to.equal('completed');
    expect(word(null, 202)).to.equal('running');
    expect(word(null, 204)).to.equal('completed');
    expect(word(null, 204, 'stopped')).to.equal('stopped');
  });
});
