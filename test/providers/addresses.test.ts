/** Which addresses of the network may be connected to: public ones, private ones where the operator said so, some never. */
import { describe, expect, test } from 'vitest';
import { createAddressCheck, plainAddress } from '../../providers/addresses.ts';

const publicAddresses = [
  '1.1.1.1',
  '17.253.144.10',
  '172.15.255.255',
  '172.32.0.1',
  '100.63.255.255',
  '100.128.0.1',
  '168.63.129.17',
  '2001:200::1',
  '2606:4700::1111',
  '::ffff:1.1.1.1',
  '64:ff9b::101:101',
];

const privateAddresses = [
  '10.0.0.1',
  '127.0.0.1',
  '127.255.255.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '100.64.0.1',
  '100.127.255.255',
  '::1',
  '[::1]',
  'fd12:3456:789a::1',
  'fc00::1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '0:0:0:0:0:ffff:c0a8:101',
  '::127.0.0.1',
  '64:ff9b::7f00:1',
];

const neverAddresses = [
  '0.0.0.0',
  '169.254.169.254',
  '::ffff:169.254.169.254',
  '64:ff9b::a9fe:a9fe',
  'fe80::1',
  'fe80::1%eth0',
  'fd00:ec2::254',
  'fd00:ec2::23',
  'fd20:ce::254',
  'fd00:42::42',
  '100.100.100.200',
  '168.63.129.16',
  '::ffff:168.63.129.16',
  '64:ff9b::a83f:8110',
  '192.0.0.192',
  '::ffff:0:a9fe:a9fe',
  '100:0:0:1::1',
  '2001:2::1',
  '2001:20::1',
  '3fff::1',
  '5f00::1',
  '224.0.0.1',
  '255.255.255.255',
  '240.0.0.1',
  '::',
  'ff02::1',
  '2001:0:4136:e378:8000:63bf:3fff:fdd2',
  '2002:7f00:1::1',
  '2001:db8::1',
  '192.0.2.1',
];

describe('which addresses may be connected to', () => {
  const strict = createAddressCheck({ allowPrivate: false, allow: [] });
  const lenient = createAddressCheck({ allowPrivate: true, allow: [] });

  test.each(publicAddresses)('%s is public', (address) => {
    expect(strict('cal.example', address)).toBe(true);
  });

  test.each(privateAddresses)('%s is private: refused, unless private addresses are allowed', (address) => {
    expect(strict('cal.example', address)).toBe(false);
    expect(lenient('cal.example', address)).toBe(true);
  });

  test.each(neverAddresses)('%s is refused even where private addresses are allowed', (address) => {
    expect(strict('cal.example', address)).toBe(false);
    expect(lenient('cal.example', address)).toBe(false);
  });

  test('what is no address is refused', () => {
    for (const nonsense of ['', 'cal.example', '1.2.3', '::gggg', '256.1.1.1']) {
      expect(lenient('cal.example', nonsense), nonsense).toBe(false);
    }
  });

  test('blocks, addresses and names on the allow list are let through, and nothing beside them', () => {
    const check = createAddressCheck({
      allowPrivate: false,
      allow: ['10.1.0.0/16', '192.168.7.7', 'fd00:1::/32', 'nas.home.arpa', '.lan', '169.254.10.0/24'],
    });
    expect(check('x', '10.1.2.3')).toBe(true);
    expect(check('x', '10.2.2.3')).toBe(false);
    expect(check('x', '::ffff:10.1.2.3')).toBe(true);
    expect(check('x', '192.168.7.7')).toBe(true);
    expect(check('x', '192.168.7.8')).toBe(false);
    expect(check('x', 'fd00:1::5')).toBe(true);
    expect(check('x', '169.254.10.1')).toBe(true);
    expect(check('NAS.home.arpa.', '192.168.0.9')).toBe(true);
    expect(check('evil-nas.home.arpa', '192.168.0.9')).toBe(false);
    expect(check('box.lan', '192.168.0.9')).toBe(true);
    expect(check('boxlan', '192.168.0.9')).toBe(false);
  });

  test('an IPv4 address is recognised in all its IPv6 clothes', () => {
    const forms = [
      '::ffff:192.168.1.2',
      '::ffff:c0a8:102',
      '0:0:0:0:0:FFFF:192.168.1.2',
      '64:ff9b::c0a8:102',
      '::192.168.1.2',
    ];
    for (const form of forms) expect(plainAddress(form), form).toBe('192.168.1.2');
    expect(plainAddress('2606:4700::1111')).toBe('2606:4700::1111');
    expect(plainAddress('::1')).toBe('::1');
  });
});
