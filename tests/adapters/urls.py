"""URLs that have led servers to where they should not have gone, and what their names resolve to."""

from __future__ import annotations

LOOKUPS: dict[str, list[str]] = {
    "localhost": ["127.0.0.1"],
    "localhost6": ["::1"],
    "localtest.me": ["127.0.0.1"],
    "127.0.0.1.nip.io": ["127.0.0.1"],
    "metadata.google.internal": ["169.254.169.254"],
    "metadata.goog": ["fd20:ce::254"],
    "instance-data": ["169.254.169.254"],
    "mixed.example": ["1.1.1.1", "169.254.169.254"],
    "mixed6.example": ["2606:4700::1111", "::1"],
    "last.example": ["1.1.1.1", "1.0.0.1", "10.0.0.1"],
    "none.example": [],
    "internal.example": ["10.1.2.3"],
    "carrier.example": ["100.64.0.1"],
    "mapped.example": ["::ffff:169.254.169.254"],
    "translated.example": ["64:ff9b::a9fe:a9fe"],
    "tunnel.example": ["2002:7f00:1::1"],
    "teredo.example": ["2001:0:a9fe:a9fe::1"],
    "linklocal.example": ["fe80::1%1"],
    "zero.example": ["0.0.0.0"],
    "six-zero.example": ["::"],
    "everyone.example": ["255.255.255.255"],
}

_HOSTS = [
    *LOOKUPS, "127.0.0.1", "127.1", "127.0.1", "127.127.127.127", "2130706433", "017700000001", "0177.0.0.1", "0177.1",
    "0x7f000001", "0x7f.0.0.1", "0x7f.1", "0X7F.1", "00000177.0.0.1", "0", "0.0.0.0", "1", "10.0.0.1", "012.0.0.1", "0xa000001",
    "172.16.0.1", "192.168.1.1", "0300.0250.1.1", "169.254.169.254", "2852039166", "0xa9fea9fe", "0xa9.0xfe.0xa9.0xfe",
    "0251.0376.0251.0376", "169.16689662", "169.254.43518", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192",
    "224.0.0.1", "255.255.255.255", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[::127.0.0.1]", "[::169.254.169.254]", "[::ffff:0:127.0.0.1]",
    "[64:ff9b::169.254.169.254]", "[64:ff9b::7f00:1]", "[64:ff9b:1::a9fe:a9fe]", "[2002:a9fe:a9fe::]", "[2002:7f00:1::]",
    "[2001:0:a9fe:a9fe::1]", "[fe80::1]", "[fec0::1]", "[fc00::1]", "[fd00:ec2::254]", "[fd20:ce::254]", "[ff02::1]", "[3fff::1]",
    "[100::1]", "[2001:db8::1]", "[fe80::1%25lo]", "[fe80::1%lo]", "[::1%251]",
]  # fmt: skip
_FORMS = [
    "http://127.0.0.1/", "file:///etc/passwd", "file://localhost/etc/passwd", "data:application/json,{}", "ftp://127.0.0.1/",
    "gopher://127.0.0.1:6379/_INFO", "dict://127.0.0.1:11211/", "ldap://127.0.0.1/", "jar:https://127.0.0.1/", "unix:///run/a",
    "//127.0.0.1/", "127.0.0.1", "", "https", "https:", "https://", "https:///", "https:/127.0.0.1/", "https:127.0.0.1",
    "https://1.1.1.1@127.0.0.1/", "https://user:word@127.0.0.1/", "https://@127.0.0.1/", "https://127.0.0.1@1.1.1.1/",
    "https://1.1.1.1#@127.0.0.1/", "https://1.1.1.1\\@127.0.0.1/", "https:\\\\127.0.0.1\\", "https://127.0.0.1\\@1.1.1.1/",
    "https://1.1.1.1%2f@127.0.0.1/", "https://127%2e0%2e0%2e1/", "https://%31%32%37.0.0.1/", "https://127.0.0.1%00.example/",
    "https://127.0.0.1\0.example/", "https://127.0.0.1\r\n.example/", "https://example.com/\r\nHost: 127.0.0.1", " https://127.0.0.1/",
    "https://127.0.0.1 /", "https://127.0.0.1\t/", "https://127\u30020\u30020\u30021/", "https://127\uff0e0\uff0e0\uff0e1/",
    "https://\u2460\u2461\u2466.0.0.1/", "https://\uff11\uff12\uff17.0.0.1/", "https://loc\u0430lhost/", "https://localhost./",
    "https://127.0.0.1./", "https://.localhost/", "https://localhost../", "https://127..0.0.1/", "https://-localhost/",
    "https://127.0.0.1:0/", "https://127.0.0.1:65536/", "https://127.0.0.1:99999/", "https://127.0.0.1:-1/", "https://127.0.0.1:/",
    "https://127.0.0.1:443:443/", "https://127.0.0.1:0x1bb/", "https://127.0.0.1:4\uff14\uff13/", "https://127.0.0.1:22/",
    "https://[::1/", "https://::1/", "https://[127.0.0.1]/", "https://[::1]x/", "https://[]/", "https://[::1]:99999/",
    "https://[::1][::2]/", "https://[::1.example]/", "https://[v1.127.0.0.1]/", f"https://{'a' * 64}.example/",
    f"https://{'a.' * 130}example/", f"https://example.com/{'a' * 2_048}", "https://a..b/", "https://exa_mple.com/",
    "https://*.example.com/", "https://127.0.0.1,1.1.1.1/", "https://127.0.0.1;1.1.1.1/", "https://(127.0.0.1)/", "https://${HOST}/",
    "https://example.com/\u00e9", "https://example.com/a b", "https://example.com/\x7f", "HTTPS ://127.0.0.1/",
]  # fmt: skip

URLS = [*(f"https://{host}/keys" for host in _HOSTS), *(f"https://{host}:8443/keys" for host in _HOSTS[:4]), *_FORMS]
