import { expect } from 'chai';

interface AnyAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: any;
}

/** Header fields that every answer of every kind has. */
export function expectUsualHeaders(headers: Headers): void {
  expect(headers.get('x-request-id')).to.match(/^[\w.-]{1,128}$/u);
  expect(headers.get('x-content-type-options')).to.equal('nosniff');
  expect(headers.get('content-security-policy')).to.contain("default-src 'none'");
  expect(headers.get('strict-transport-security')).to.contain('max-age');
  expect(headers.get('referrer-policy')).to.equal('no-referrer');
  expect(headers.has('x-powered-by')).to.equal(false);
}

/** A whole problem document (RFC 9457), with what every answer has. */
export function expectProblem({ status, headers, body }: AnyAnswer, wantedStatus: number, code?: string): void {
  expect(status, JSON.stringify(body)).to.equal(wantedStatus);
  expect(headers.get('content-type')).to.equal('application/problem+json');
  expectUsualHeaders(headers);
  expect(body).to.include({ status: wantedStatus, request_id: headers.get('x-request-id') });
  expect(body.type).to.equal(`urn:sovd-fleet:error:${body.code}`);
  expect(body.title).to.match(/^[A-Z]/u);
  expect(body.detail).to.match(/^[A-Z].*\.$/u);
  if (code !== undefined) expect(body.code).to.equal(code);
}

/** The pointers of a refused input, sorted. */
export function pointersOf(body: any): readonly string[] {
  return body.errors.map(({ pointer }: { readonly pointer: string }) => pointer).sort();
}
