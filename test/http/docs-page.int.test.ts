import path from 'node:path';

import { expect } from 'chai';

import { findBrowser, openBrowserPage, type BrowserPage } from '#support/browser.js';
import { useDatabase } from '#support/database.js';
import { addUser, startProgram, testPassword, vehicleBody, type RunningProgram } from '#support/program.js';

/** As somebody does who reads the page: opens an operation, and tries it. */
class Reader {
  constructor(readonly page: BrowserPage) {}

  async tryOut(operation: string, body?: object): Promise<{ status: string; text: string }> {
    const block = `#${operation}`;
    await this.click(`${block} .opblock-summary-control`);
    await this.click(`${block} .try-out__btn`);
    if (body !== undefined) await this.type(`${block} .body-param__text`, JSON.stringify(body));
    await this.click(`${block} .execute`);
    const live = `${block} .live-responses-table`;
    const status = (await this.page.waitFor(textOf(`${live} tbody .response-col_status`))) as string;
    const text = (await this.page.waitFor(textOf(`${live} .response-col_description .highlight-code code`))) as string;
    return { status: status.trim(), text };
  }

  async authorize(token: string): Promise<void> {
    await this.click('.scheme-container .authorize');
    await this.type('.modal-ux input', token);
    await this.click('.modal-ux .auth-btn-wrapper .authorize');
    await this.click('.modal-ux .btn-done');
    await this.page.waitFor(`document.querySelector('.modal-ux') === null`);
  }

  async click(selector: string): Promise<void> {
    await this.page.waitFor(`document.querySelector(${JSON.stringify(selector)}) !== null`);
    await this.page.evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`);
  }

  /** React listens to the event, and overlooks a value that was set in the usual way. */
  async type(selector: string, text: string): Promise<void> {
    await this.page.waitFor(`document.querySelector(${JSON.stringify(selector)}) !== null`);
    await this.page.evaluate(`(() => {
      const field = document.querySelector(${JSON.stringify(selector)});
      Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), 'value').set.call(field, ${JSON.stringify(text)});
      field.dispatchEvent(new Event('input', { bubbles: true }));
    })()`);
  }
}

function textOf(selector: string): string {
  return `document.querySelector(${JSON.stringify(selector)})?.textContent`;
}

describe('the page of the documentation', () => {
  const database = useDatabase();
  let service: RunningProgram | undefined;
  let page: BrowserPage | undefined;
  before(async function () {
    const executable = await findBrowser();
    // A machine may have Node.js and nothing else; `npm test` says that the page was not looked at.
    if (executable === undefined) this.skip();
    service = await startProgram(database.url);
    page = await openBrowserPage(executable);
  });
  after(async () => {
    await page?.close();
    await service?.stop();
  });

  it('lets one log in and try an operation, without a complaint of the browser', async function () {
    this.timeout(60_000);
    if (service === undefined || page === undefined) throw new Error('nothing was started');
    const admin = await service.logInAs('admin');
    const vehicle = vehicleBody('http://127.0.0.1:9/sovd/v1');
    expect((await service.call(admin.token, 'POST', '/vehicles', vehicle)).status).to.equal(201);
    const { username } = await addUser(database.url, 'engineer');
    const reader = new Reader(page);

    await page.open(`${service.url}/docs/`);
    const login = await reader.tryOut('operations-Accounts-logIn', { username, password: testPassword });
    expect(login.status, login.text).to.equal('200');
    await reader.authorize(JSON.parse(login.text).access_token);
    const list = await reader.tryOut('operations-Vehicles-listVehicles');
    expect(list.status, list.text).to.equal('200');
    expect(JSON.parse(list.text).items.map(({ vin }: any) => vin)).to.deep.equal([vehicle.vin]);

    const directory = process.env['SCREENSHOT_DIRECTORY'];
    if (directory !== undefined) {
      await page.evaluate(`document.querySelector('#operations-Vehicles-listVehicles').scrollIntoView()`);
      await page.saveScreenshot(path.join(directory, 'docs-page.png'));
    }
    expect(page.complaints).to.deep.equal([]);
  });
});
