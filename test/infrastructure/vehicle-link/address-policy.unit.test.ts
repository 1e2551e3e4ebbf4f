import { expect } from 'chai';

import { AddressPolicy } from '#infrastructure/vehicle-link/address-policy.js';

const strict = new AddressPolicy({ allowedNetworks: [], blockedNetworks: [] });

describe('AddressPolicy', () => {
  describe('without settings', () => {
    const refused: Readonly<Record<string, readonly string[]>> = {
      loopback: ['127.0.0.1', '127.255.255.254', '::1'],
      'this machine': ['0.0.0.0', '0.1.2.3', '::'],
      'link-local': ['169.254.1.1', 'fe80::1', 'fe80::1%eth0', 'febf::1'],
      multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1'],
      broadcast: ['255.255.255.255'],
      reserved: ['240.0.0.1', '192.0.0.8'],
      'a metadata service': ['169.254.169.254', '100.100.100.200', '168.63.129.16', 'fd00:ec2::254', 'fd20:ce::254'],
    };
    for (const [reason, addresses] of Object.entries(refused)) {
      it(`${reason}: refused`, () => {
        for (const address of addresses) expect(strict.refusalOf(address), address).to.equal(reason);
      });
    }

    it('IPv6 forms of a refused IPv4 address: refused as what they lead to', () => {
      const forms = {
        mapped: '::ffff:127.0.0.1',
        'mapped, in hexadecimal': '::ffff:7f00:1',
        compatible: '::127.0.0.1',
        translated: '::ffff:0:127.0.0.1',
        nat64: '64:ff9b::7f00:1',
        '6to4': '2002:7f00:1::',
        'teredo, as the client': '2001:0:c000:201::80ff:fffe',
        'teredo, as the server': '2001:0:7f00:1::',
        isatap: '2001:db8::5efe:127.0.0.1',
        'isatap, unique': '2001:db8::200:5efe:127.0.0.1',
      };
      for (const [form, address] of Object.entries(forms)) expect(strict.refusalOf(address), form).to.equal('loopback');
      expect(strict.refusalOf('64:ff9b::a9fe:a9fe')).to.equal('a metadata service');
      expect(strict.refusalOf('64:ff9b:1::10.1.2.3')).to.equal('address translation');
    });

    it('public and private addresses, also in another form: allowed', () => {
      const allowed = ['93.184.216.34', '10.0.0.1', '172.31.0.1', '192.168.1.1', '100.64.0.1', '128.0.0.1'];
      const allowed6 = ['2001:db8::1', 'fd12::1', '::ffff:10.0.0.1', '64:ff9b::10.0.0.1', '2002:a00:1::', '2606::1'];
      for (const address of [...allowed, ...allowed6]) expect(strict.refusalOf(address), address).to.equal(undefined);
    });

    it('what is not an address: refused', () => {
      for (const text of ['', 'localhost', '127.0.0.1.example', '1::2::3'])
        expect(strict.refusalOf(text)).to.equal('not an address');
    });
  });

  describe('networks in the settings', () => {
    const policyOf = (allowedNetworks: string[], blockedNetworks: string[] = []) =>
      new AddressPolicy({ allowedNetworks, blockedNetworks });

    it('an allowed network: opens what is in it, in every form, and no more', () => {
      const policy = policyOf(['127.0.0.0/8']);
      expect(policy.refusalOf('127.0.0.1')).to.equal(undefined);
      expect(policy.refusalOf('::ffff:127.0.0.1')).to.equal(undefined);
      expect(policy.refusalOf('::1')).to.equal('loopback');
      expect(policyOf(['::1']).refusalOf('::1')).to.equal(undefined);
    });

    it('an allowed network that is wide: opens nothing that is refused by a narrower one', () => {
      const policy = policyOf(['0.0.0.0/0', '::/0', '169.254.0.0/16']);
      expect(policy.refusalOf('127.0.0.1')).to.equal('loopback');
      expect(policy.refusalOf('169.254.1.1')).to.equal(undefined);
      expect(policy.refusalOf('169.254.169.254')).to.equal('a metadata service');
      expect(policyOf(['169.254.169.254/32']).refusalOf('169.254.169.254')).to.equal(undefined);
    });

    it('a blocked network: closes what is in it, but for a narrower one that is allowed', () => {
      const policy = policyOf(['10.20.0.0/16', '10.30.0.0/16'], ['0.0.0.0/0', '::/0', '10.30.0.0/16', '10.20.7.7']);
      const blocked = 'in VEHICLE_BLOCKED_NETWORKS';
      expect(policy.refusalOf('10.20.1.1')).to.equal(undefined);
      for (const address of ['10.21.1.1', '10.30.1.1', '10.20.7.7', '2001:db8::1', '::ffff:10.21.1.1'])
        expect(policy.refusalOf(address), address).to.equal(blocked);
    });
  });

  describe('base URLs', () => {
    it('an address that is refused, however it is written: an objection that names the setting', () => {
      const hosts = [
        '127.0.0.1',
        '127.1',
        '2130706433',
        '0x7f000001',
        '0177.0.0.1',
        '127.0.0.1.',
        '%31%32%37.0.0.1',
        '127。0。0。1',
        '[::1]',
        '[::ffff:127.0.0.1]',
        '[64:ff9b::7f00:1]',
        '169.254.169.254',
        'localhost',
        'LOCALHOST.',
        'localhost..',
        'car.localhost',
        'metadata.google.internal',
        'metadata.google.internal.',
      ];
      for (const host of hosts) {
        for (const scheme of ['http', 'https']) {
          const objection = strict.objectionTo(`${scheme}://${host}:8080/sovd/v1`);
          expect(objection, host).to.match(/^must not lead to .+ unless VEHICLE_ALLOWED_NETWORKS names that network$/u);
        }
      }
    });

    it('a URL that is no address of a server: an objection', () => {
      for (const url of ['ftp://car.example/', 'file:///etc/passwd', 'car.example', 'http://[fe80::1%25eth0]/', ''])
        expect(strict.objectionTo(url), url).to.equal('must be an http or https URL');
      expect(strict.objectionTo('https://user@car.example/')).to.equal('must be a URL without credentials');
      expect(strict.objectionTo('https://:secret@car.example/')).not.to.contain('secret');
      expect(strict.objectionTo('https://./sovd')).to.equal('must name a host');
    });

    it('other names and addresses: none', () => {
      const hosts = ['car-17.example', '10.0.0.7', '[2001:db8::7]', 'localhost.example', 'notlocalhost', 'car'];
      for (const host of hosts) expect(strict.objectionTo(`https://${host}/sovd/v1`), host).to.equal(undefined);
    });

    it('localhost where a loopback network is allowed: none', () => {
      const policy = new AddressPolicy({ allowedNetworks: ['::1/128'], blockedNetworks: [] });
      expect(policy.objectionTo('http://localhost:9100')).to.equal(undefined);
      expect(policy.objectionTo('http://127.0.0.1:9100')).to.contain('loopback');
    });
  });
});
