import { BlockList, isIPv4 } from 'node:net';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileAddresses } from '../src/keys/addresses.ts';
import { Fault } from '../src/reservation/fault.ts';

const v4 = fc.oneof(
  fc.ipV4(),
  fc.constantFrom('10.0.0.1', '10.0.0.2', '10.1.0.0', '192.168.1.255', '0.0.0.0', '255.255.255.255'),
);
/** Mapped and `::1.2.3.4` forms have tests of their own. */
const plainV6 = fc.ipV6().filter((address) => !address.includes('.') && !/^[0:]*:ffff:/i.test(address));
const v6 = fc.oneof(plainV6, fc.constantFrom('::1', '::', 'fd00::1', 'fd00::2', 'fe80::1', '2001:db8::ff'));
const network4 = fc.tuple(v4, fc.integer({ min: 0, max: 32 }));
const network6 = fc.tuple(v6, fc.integer({ min: 0, max: 128 }));

test('decisions about IPv4 and IPv6 addresses equal those of net.BlockList', () => {
  fc.assert(
    fc.property(fc.array(network4, { maxLength: 4 }), fc.array(network6, { maxLength: 4 }), v4, v6, (fours, sixes, four, six) => {
      const model = new BlockList();
      for (const [address, bits] of fours) model.addSubnet(address, bits, 'ipv4');
      const model6 = new BlockList();
      for (const [address, bits] of sixes) model6.addSubnet(address, bits, 'ipv6');
      const allows = compileAddresses([...fours, ...sixes].map(([address, bits]) => `${address}/${bits}`));
      expect(allows(four)).toBe(model.check(four, 'ipv4'));
      expect(allows(`::ffff:${four}`)).toBe(model.check(four, 'ipv4'));
      expect(allows(six)).toBe(model6.check(six, 'ipv6'));
    }),
    { numRuns: 3000 },
  );
});

test('an address close to the edge of a network is on the right side of it', () => {
  const near = fc.tuple(v4.filter(isIPv4), fc.integer({ min: 0, max: 32 }), fc.integer({ min: 0, max: 31 }));
  fc.assert(
    fc.property(near, ([address, bits, flip]) => {
      const model = new BlockList();
      model.addSubnet(address, bits, 'ipv4');
      const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
      const flipped = (number ^ (1 << flip)) >>> 0;
      const other = [24, 16, 8, 0].map((shift) => (flipped >>> shift) & 255).join('.');
      const allows = compileAddresses([`${address}/${bits}`]);
      expect(allows(address)).toBe(true);
      expect(allows(other)).toBe(model.check(other, 'ipv4'));
    }),
    { numRuns: 2000 },
  );
});

test('/0, /32 and /128 and single addresses mean what they say', () => {
  expect(compileAddresses(['0.0.0.0/0'])('203.0.113.9')).toBe(true);
  expect(compileAddresses(['0.0.0.0/0'])('2001:db8::1')).toBe(false);
  expect(compileAddresses(['::/0'])('2001:db8::1')).toBe(true);
  expect(compileAddresses(['::/0'])('203.0.113.9')).toBe(false);
  expect(compileAddresses(['203.0.113.9/32'])('203.0.113.9')).toBe(true);
  expect(compileAddresses(['203.0.113.9'])('203.0.113.8')).toBe(false);
  expect(compileAddresses(['2001:db8::1/128'])('2001:0db8:0:0::1')).toBe(true);
  expect(compileAddresses([])('127.0.0.1')).toBe(false);
});

test('an IPv4 address mapped into IPv6 is the IPv4 address, in the list too', () => {
  expect(compileAddresses(['10.0.0.0/8'])('::ffff:10.1.2.3')).toBe(true);
  expect(compileAddresses(['10.0.0.0/8'])('::ffff:a01:203')).toBe(true);
  expect(compileAddresses(['::ffff:10.0.0.0/104'])('10.1.2.3')).toBe(true);
  expect(compileAddresses(['::ffff:10.0.0.0/104'])('11.1.2.3')).toBe(false);
  expect(compileAddresses(['::ffff:10.0.0.1'])('10.0.0.1')).toBe(true);
  expect(compileAddresses(['::ffff:0:0/0'])('10.0.0.1')).toBe(false);
});

test('an address that could be read in two ways is in no network', () => {
  const everything = compileAddresses(['0.0.0.0/0', '::/0']);
  for (const address of [
    'fe80::1%eth0',
    '010.0.0.1',
    '0x7f.0.0.1',
    '127.1',
    '2130706433',
    '',
    ' 10.0.0.1',
    '10.0.0.1:80',
    '[::1]',
    'localhost',
    '::10.0.0.1',
    '10.0.0.1,10.0.0.2',
  ])
    expect(everything(address), `on ${address}`).toBe(false);
});

test('a list entry that is not a network is refused by name', () => {
  for (const entry of [
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0/8',
    'fe80::1%eth0/64',
    'lab.example',
    '10.0.0.0/8/8',
  ])
    expect(() => compileAddresses(['10.0.0.0/8', entry]), `on ${entry}`).toThrow(Fault);
});
