/**
 * Where no vehicle is: what an address of these networks leads to is the service's own machine, its neighbours on the
 * link, many machines at once, or the cloud that it runs in (RFC 6890, the IANA registries of special-purpose addresses).
 */
export const refusedNetworks: Readonly<Record<string, string>> = {
  '0.0.0.0/8': 'this machine',
  '127.0.0.0/8': 'loopback',
  '169.254.0.0/16': 'link-local',
  '192.0.0.0/24': 'reserved',
  '224.0.0.0/4': 'multicast',
  '240.0.0.0/4': 'reserved',
  '255.255.255.255/32': 'broadcast',
  '::/128': 'this machine',
  '::1/128': 'loopback',
  'fe80::/10': 'link-local',
  'fec0::/10': 'site-local',
  'ff00::/8': 'multicast',
  '100::/64': 'discard-only',
  // Where the embedded address stands in it is for each network to decide (RFC 8215), so it can't be judged.
  '64:ff9b:1::/48': 'address translation',
  // AWS, Azure, Google Cloud, OpenStack and others; the tasks of AWS ECS; Azure's host; Alibaba Cloud; Oracle Cloud.
  '169.254.169.254/32': 'a metadata service',
  '169.254.170.2/32': 'a metadata service',
  '169.254.170.23/32': 'a metadata service',
  '168.63.129.16/32': 'a metadata service',
  '100.100.100.200/32': 'a metadata service',
  '192.0.0.192/32': 'a metadata service',
  'fd00:ec2::254/128': 'a metadata service',
  'fd00:ec2::23/128': 'a metadata service',
  'fd20:ce::254/128': 'a metadata service',
  'fd00:c1::a9fe:a9fe/128': 'a metadata service',
};

/** Names that mean an address wherever they are asked for; each stands for all names below it, too. */
export const specialNames: Readonly<Record<string, readonly string[]>> = {
  localhost: ['127.0.0.1', '::1'],
  'localhost.localdomain': ['127.0.0.1', '::1'],
  'ip6-localhost': ['::1'],
  'ip6-loopback': ['::1'],
  'metadata.google.internal': ['169.254.169.254'],
  'metadata.goog': ['169.254.169.254'],
  'instance-data': ['169.254.169.254'],
  'instance-data.ec2.internal': ['169.254.169.254'],
};
