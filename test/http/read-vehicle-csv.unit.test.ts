import { expect } from 'chai';

import { defaultFleetId } from '#application/domain/fleet.js';
import { Vehicle } from '#application/domain/vehicle.js';
import { readVehicleCsv } from '#http/read-vehicle-csv.js';
import { csvHeader, csvLines } from '#http/schemas/vehicle-csv.js';

const header = 'vin,make,model,model_year,sovd_base_url';
const vinOf = (count: number) => `WVWZZZ1JZXW${String(count).padStart(6, '0')}`;
const line = (count: number, model = 'Golf') => `${vinOf(count)},Volkswagen,${model},2024,https://car.example/v1`;
const placesOf = async (text: string) => (await readVehicleCsv(text)).complaints.map(({ pointer }) => pointer);

describe('readVehicleCsv', () => {
  const one = {
    vin: vinOf(1),
    make: 'Volkswagen',
    model: 'Golf',
    modelYear: 2024,
    sovdBaseUrl: 'https://car.example/v1',
    fleetId: defaultFleetId,
    metadata: {},
  };

  for (const [name, lineEnd] of [
    ['LF', '\n'],
    ['CRLF', '\r\n'],
    ['CR', '\r'],
  ] as const) {
    it(`reads lines that end with ${name}, with and without a byte order mark and an end of the last line`, async () => {
      for (const text of [`${header}${lineEnd}${line(1)}`, `\ufeff${header}${lineEnd}${line(1)}${lineEnd}`]) {
        expect(await readVehicleCsv(text)).to.deep.equal({ lines: [{ number: 2, fields: one }], complaints: [] });
      }
    });
  }

  it('reads quoted fields, columns in any order, and takes slashes from the end of the base', async () => {
    const text =
      'metadata,sovd_base_url,model_year,model,make,vin\n"{""a"": ""1,\n2""}",https://car.example/v1/,2024,"Golf, ""R""",Volkswagen,' +
      vinOf(1);
    const broken = await readVehicleCsv(text);
    expect(broken.complaints.map(({ pointer, message }) => [pointer, message])).to.deep.equal([
      ['/lines/2/metadata', 'must be JSON'],
    ]);
    const { lines, complaints } = await readVehicleCsv(text.replace('1,\n2', '1,2'));
    expect(complaints).to.deep.equal([]);
    expect(lines).to.deep.equal([{ number: 2, fields: { ...one, model: 'Golf, "R"', metadata: { a: '1,2' } } }]);
  });

  it('counts lines as an editor does, also behind empty ones and fields over several lines', async () => {
    const wide = `${header},metadata`;
    for (const lineEnd of ['\n', '\r\n']) {
      const text = [wide, `${line(1)},"{`, '', '}"', '', `${line(2)},[]`].join(lineEnd);
      const { lines, complaints } = await readVehicleCsv(text);
      expect(lines.map(({ number }) => number)).to.deep.equal([2, 6]);
      expect(complaints.map(({ pointer }) => pointer)).to.deep.equal(['/lines/6/metadata']);
    }
  });

  it('complains of each field by line and column, and goes on', async () => {
    const text = [
      `${header},fleet_id,metadata,retired_at`,
      `${line(1)},,,`,
      'wvwzzz1jzxw000002,,a\tb,24,ftp://car,fleet,"{""a"":""\\u0000""}",2026-01-01T00:00:00Z',
      `${line(3)},,`,
      `${line(4)},,[1],`,
    ].join('\n');
    expect(await placesOf(text)).to.deep.equal([
      ...['vin', 'make', 'model', 'model_year', 'sovd_base_url', 'fleet_id', 'metadata/a', 'retired_at'].map(
        (name) => `/lines/3/${name}`,
      ),
      '/lines/4',
      '/lines/5/metadata',
    ]);
  });

  const headers: Readonly<Record<string, readonly string[]>> = {
    '': ['/lines/1'],
    '\n\n': ['/lines/1'],
    [header]: ['/lines/2'],
    [`${header},colour\n${line(1)},red`]: ['/lines/1/colour'],
    [`VIN,make,model,model_year,sovd_base_url\n${line(1)}`]: ['/lines/1/VIN', '/lines/1/vin'],
    [`${header},vin\n`]: ['/lines/1/vin'],
    'vin;make;model': ['/lines/1'],
    'vin,make,__proto__,constructor': [
      ...['/lines/1/__proto__', '/lines/1/constructor'],
      ...['/lines/1/model', '/lines/1/model_year', '/lines/1/sovd_base_url'],
    ],
  };
  for (const [text, expected] of Object.entries(headers)) {
    it(`refuses a file that begins with ${JSON.stringify(text.slice(0, 60))}`, async () => {
      expect(await placesOf(text)).to.deep.equal(expected);
    });
  }

  for (const broken of ['"open', 'a"b"', '"a"b']) {
    it(`stops at ${broken}, which is no CSV`, async () => {
      const text = `${header}\n${line(1)}\n${vinOf(2)},Volkswagen,${broken},2024,https://car.example/v1\n${line(3)}`;
      const places = await placesOf(text.replace('2024', 'soon'));
      expect(places).to.have.lengthOf(2);
      expect(places[0]).to.equal('/lines/2/model_year');
      expect(places[1]).to.match(/^\/lines\/[34]$/u);
    });
  }

  it('takes 10,000 vehicles and no more, and lets others have their turn meanwhile', async () => {
    const lines = Array.from({ length: 10_001 }, (_unused, index) => line(index, `\u{1f697}${index}`));
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    const whole = await readVehicleCsv([header, ...lines.slice(1)].join('\n'));
    clearInterval(timer);
    expect([whole.lines.length, whole.complaints]).to.deep.equal([10_000, []]);
    expect(whole.lines.every(({ fields: { model } }, index) => model === `\u{1f697}${index + 1}`)).to.equal(true);
    expect(turns).to.be.greaterThan(10);
    expect(await placesOf([header, ...lines].join('\n'))).to.deep.equal(['/lines/10002']);
  });

  it('reads back what was written, formulas and all', async () => {
    const models = ['=1+2', '+49', '-1', '@SUM(A1)', "'=1", "''-", "'90s", 'a "b", c', ' blank ', "=cmd|'/c calc'!A1"];
    const vehicles = models.map((model, index) =>
      Vehicle.register(
        '0190c0de-0000-7000-8000-000000000000',
        { ...one, vin: vinOf(index), model, metadata: { note: model, list: [1, null] } },
        new Date(),
      ),
    );
    const text = csvHeader() + csvLines(vehicles);
    const { lines, complaints } = await readVehicleCsv(text);
    expect(complaints).to.deep.equal([]);
    expect(lines.map(({ fields }) => [fields.model, fields.metadata])).to.deep.equal(
      models.map((model) => [model, { note: model, list: [1, null] }]),
    );
    // What a spreadsheet sees never begins as a formula does.
    for (const field of text.split(/[,\r\n]/u)) expect(field).to.not.match(/^"?[=+\-@]/u);
  });
});
