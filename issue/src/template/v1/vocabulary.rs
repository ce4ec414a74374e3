//! The closed lists of template version 1. They are part of it: a released version never changes them.

use crate::search::Closed;

/// Units of time that are written right after their number.
#[rustfmt::skip]
pub(super) const DURATION_UNITS: &[&str] = &[
    "ns", "us", "µs", "μs", "ms", "s", "m", "h", "d", "w", "sec", "secs", "min", "mins", "hr", "hrs", "msec",
    "msecs", "usec", "usecs", "second", "seconds", "minute", "minutes", "hour", "hours", "day", "days",
];

/// Units of time that may stand a space after their number; a single letter may not.
#[rustfmt::skip]
pub(super) const DURATION_WORDS: &[&str] = &[
    "ns", "us", "µs", "ms", "sec", "secs", "min", "mins", "hr", "hrs", "msec", "msecs", "usec", "usecs",
    "nanosecond", "microsecond", "millisecond", "second", "minute", "hour", "day", "week", "month", "year",
    "nanoseconds", "microseconds", "milliseconds", "seconds", "minutes", "hours", "days", "weeks", "months",
    "years", "millis", "nanos", "micros",
];

/// Units of size and rate.
#[rustfmt::skip]
pub(super) const SIZE_UNITS: &[&str] = &[
    "B", "K", "M", "G", "T", "k", "kB", "KB", "MB", "GB", "TB", "PB", "kb", "mb", "gb", "Ki", "Mi", "Gi",
    "Ti", "KiB", "MiB", "GiB", "TiB", "PiB", "byte", "bytes", "Bytes", "bit", "bits", "Kbps", "Mbps", "Gbps",
    "Hz", "kHz", "MHz", "GHz",
];

/// Words of several parts that hold digits and mean themselves, lower case.
#[rustfmt::skip]
pub(super) const KNOWN_TOKENS: &[&str] = &[
    "utf-8", "utf-16", "utf-32", "utf-7", "utf_8", "iso-8859-1", "iso-8859-15", "iso8859-1", "windows-1252",
    "cp-1252", "x86-64", "x86_64", "sha-1", "sha-2", "sha-256", "sha-384", "sha-512", "sha3-256", "md-5",
    "aes-128", "aes-256", "aes-128-gcm", "aes-256-gcm", "aes-256-cbc", "base-64", "ipv-4", "ipv-6", "http-2",
    "tls-1.2", "tls-1.3", "tlsv1.2", "tlsv1.3", "tlsv1.1", "tlsv1.0", "sslv2", "sslv3", "tlsv1", "oauth-2",
    "oauth2.0", "oauth-2.0", "level-1", "level-2", "x-64", "blake2b-256", "secp256k1", "secp256r1",
    "secp384r1", "p-256", "p-384", "p-521", "us-east-1",
];

/// Stems that hold digits and mean themselves, also inside a longer word (`Utf8Error`, `libsqlite3`), lower case.
#[rustfmt::skip]
pub(super) const KNOWN_STEMS: &[&str] = &[
    "utf8mb4", "utf16le", "utf16be", "utf8", "utf16", "utf32", "ipv4", "ipv6", "inet4", "inet6", "base64",
    "base32", "base58", "base62", "base16", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3", "blake2",
    "blake3", "hmacsha256", "md5sum", "crc32", "crc16", "crc64", "adler32", "log4j", "slf4j", "log4net",
    "neo4j", "http2", "http3", "oauth2", "oauth1", "x509", "pkcs1", "pkcs5", "pkcs7", "pkcs8", "pkcs11",
    "pkcs12", "aes128", "aes256", "ed25519", "x25519", "rsa2048", "amd64", "arm64", "aarch64", "i386", "i486",
    "i586", "i686", "x86_64", "riscv64", "ppc64", "s390x", "win32", "win64", "int8", "int16", "int32",
    "int64", "int128", "uint256", "float16", "float32", "float64", "float128", "decimal128", "complex64",
    "complex128", "ext2", "ext3", "ext4", "sqlite3", "python2", "python3", "ruby2", "ruby3", "perl5", "php5",
    "php7", "php8", "latin1", "gb2312", "gb18030", "big5", "posix1", "html5", "css3", "h264", "h265", "hdf5",
    "i18n", "l10n", "a11y", "mp3", "mp4", "libc6", "boto3", "urllib3", "psycopg2", "psycopg3", "jinja2",
    "httplib2", "protobuf3", "proto2", "proto3", "argon2", "bzip2", "gzip2", "lz4", "kerberos5", "krb5",
    "socks4", "socks5", "smb2", "nfs4", "nfsv3", "nfsv4", "imap4", "pop3", "smtp4", "http11", "log10", "log2",
    "atan2", "exp2", "unicode2", "iso8601", "rfc3339", "rfc2822", "rfc822",
    "rfc7519", "iso8859",
];

/// As [`KNOWN_STEMS`] but short: they count only as a whole word or as its beginning before a capital (`S3Client`).
#[rustfmt::skip]
pub(super) const KNOWN_SHORT: &[&str] = &[
    "s3", "ec2", "k8s", "k3s", "md5", "x86", "x64", "x32", "h2", "h3", "v8", "db2", "d3", "p2p", "b2b",
    "b2c", "e2e", "m2m", "c99", "c11", "es5", "es6", "u8", "u16", "u32", "u64", "u128", "i8", "i16", "i32",
    "i64", "i128", "f32", "f64", "r2", "l2", "l3", "l4", "l7", "l1", "2d", "3d", "2fa", "4xx", "5xx", "3xx",
    "2xx", "1st", "g1", "o1", "q1", "q2", "q3", "q4", "p50", "p90", "p95", "p99", "i2c", "ps2", "usb2",
    "usb3", "web3", "vp8", "vp9", "av1", "opus2", "id3", "jp2", "zip64", "fat32", "fat16", "ntfs3", "cp437",
    "a4", "a3", "py3", "py2", "rc4", "des3", "3des", "md4", "sha2",
];

/// Names after which a value stands, one word: `user root`, `table orders`.
#[rustfmt::skip]
pub(super) static ANNOUNCERS: Closed = Closed::new(&[
    "account", "bucket", "channel", "cluster", "collection", "column", "consumer", "container", "database",
    "device", "dir", "directory", "domain", "endpoint", "file", "filename", "folder", "group", "host",
    "hostname", "image", "index", "interface", "job", "key", "listener", "login", "member", "module", "namespace", "node",
    "package", "partition", "plugin", "pod", "principal", "queue", "realm", "region", "relation", "replica",
    "repository", "role", "schema", "server", "service", "session", "shard", "stream", "table", "tag", "task",
    "tenant", "thread", "topic", "unit", "user", "username", "variable", "volume", "worker", "zone",
]);

/// Those of them that hardly ever stand before a second noun: what follows at the end is a name too.
#[rustfmt::skip]
pub(super) static SURE_ANNOUNCERS: Closed = Closed::new(&[
    "bucket", "column", "database", "package", "relation", "schema", "table", "topic", "username", "variable",
]);

/// Names after which only what is spelled as a name in a program is a value: `operation applyEntry`.
#[rustfmt::skip]
pub(super) static NOUNS: Closed = Closed::new(&[
    "action", "application", "attribute", "class", "client", "component", "controller", "driver", "event",
    "extension", "feature", "field", "function", "handler", "instance", "item", "kind", "library", "method",
    "metric", "object", "operation", "option", "policy", "process", "program", "property", "provider",
    "resource", "setting", "timer", "type",
]);

/// Words before an announcer that make it sure: `for user root`.
#[rustfmt::skip]
pub(super) static PREPOSITIONS: Closed = Closed::new(&[
    "as", "at", "by", "for", "from", "in", "into", "no", "of", "on", "onto", "such", "to", "unknown", "via",
    "with",
]);

/// Attributes of which a thing has one of a few.
#[rustfmt::skip]
pub(super) static ATTRIBUTES: Closed = Closed::new(&["status", "state", "phase", "mode", "health", "condition"]);

/// Verbs with which a sentence goes on after an attribute: `state changed`. Sorted.
#[rustfmt::skip]
pub(super) const VERBS_OF_STATES: &[&str] = &[
    "changed", "cleared", "expected", "expired", "failed", "loaded", "lost", "matched", "needed", "received",
    "refreshed", "reported", "requested", "required", "reset", "restored", "returned", "saved", "sent",
    "shared", "stored", "unchanged", "updated", "used",
];

/// Verbs after which `to` tells what a thing turned into.
#[rustfmt::skip]
pub(super) static TURNING_VERBS: Closed = Closed::new(&[
    "change", "changed", "changes", "changing", "move", "moved", "moving", "set", "switch", "switched",
    "switching", "transition", "transitioned", "transitioning", "turned", "updated",
]);

/// Names of containers and wrappers, as they stand before what they hold: `Set(a, b)`, `Some(x)`.
#[rustfmt::skip]
pub(super) const CONTAINERS: &[&str] = &[
    "Array", "ArrayBuffer", "ArraySeq", "HashMap", "HashSet", "List", "Map", "Option", "Optional", "Seq", "Set",
    "Some", "Tuple", "Vector", "frozenset", "map", "set", "tuple",
];

/// Printed where there is no value.
#[rustfmt::skip]
pub(super) const EMPTY_VALUES: &[&str] = &["null", "NULL", "nil", "None", "NaN", "nan", "nullptr"];

/// Parts of phrases that are written with hyphens.
#[rustfmt::skip]
pub(super) const SMALL_WORDS: &[&str] = &[
    "a", "an", "and", "as", "at", "by", "for", "from", "in", "is", "no", "non", "not", "of", "off", "on",
    "or", "out", "per", "self", "so", "the", "time", "to", "too", "up", "well", "write",
];

/// Parts of names that tell what happened. A name with one of them is kept.
#[rustfmt::skip]
pub(super) static SPEAKING_PARTS: Closed = Closed::new(&[
    "abort", "aborted", "ambiguous", "bad", "blocked", "broken", "cancelled", "canceled", "cannot", "closed",
    "conflict", "corrupt", "corrupted", "dead", "deadlock", "denied", "deny", "disabled", "down", "duplicate",
    "empty", "err", "error", "errors", "exceeded", "exception", "exhausted", "exist", "exists", "expired",
    "fail", "failed", "failure", "fatal", "fault", "forbidden", "full", "illegal", "incompatible", "insufficient",
    "invalid", "killed", "limit", "locked", "loss", "lost", "malformed", "mismatch", "missing", "no",
    "not", "null", "out", "overflow", "panic", "precondition", "refused", "rejected", "reset", "revoked", "stale",
    "throttled", "timed", "timeout", "too", "unable", "unauthenticated", "unauthorized", "unavailable",
    "undefined", "unexpected", "unimplemented", "unknown", "unreachable", "unsupported", "violation", "wrong",
]);

/// Names whose value is the message itself; it is not taken out.
#[rustfmt::skip]
pub(super) static SPEAKING_NAMES: Closed = Closed::new(&[
    "cause", "code", "desc", "description", "detail", "details", "err", "error", "errors", "exception",
    "fatal", "hint", "info", "level", "message", "msg", "note", "reason", "severity", "warn", "warning",
]);

/// Names of services, topics and the like that end as verbs and nouns of sentences do: `topic billing`. Sorted.
#[rustfmt::skip]
pub(super) const NAMES_LIKE_WORDS: &[&str] = &[
    "accounting", "advertising", "banking", "billing", "booking", "fulfillment", "fulfilment", "integration",
    "invoicing", "marketing", "messaging", "monitoring", "notification", "ordering", "payment", "pricing",
    "production", "purchasing", "recommendation", "reporting", "shipping", "shopping", "staging", "testing",
    "ticketing", "trading", "training",
];

/// Verbs with which a statement of SQL begins. Sorted.
#[rustfmt::skip]
pub(super) const SQL_VERBS: &[&str] = &[
    "alter", "begin", "commit", "create", "delete", "drop", "grant", "insert", "merge", "replace", "rollback",
    "select", "set", "truncate", "update", "with",
];

/// Endings of words that say something of a thing and do not name one.
#[rustfmt::skip]
pub(super) const SPEAKING_ENDINGS: &[&str] = &[
    "ed", "ing", "ly", "able", "ible", "ful", "less", "tion", "sion", "ment", "ness", "ous", "ive", "n't",
    "ity", "ure",
];

/// Words after an announcer that go on with the sentence instead of naming the thing. Sorted.
#[rustfmt::skip]
pub(super) const SPEAKING_WORDS: &[&str] = &[
    "a", "about", "absent", "access", "account", "address", "after", "again", "all", "already", "also", "an",
    "and", "any", "are", "as", "at", "back", "bad", "base", "be", "became", "because", "been", "before",
    "began", "being", "between", "both", "broken", "busy", "but", "by", "called", "came", "can", "cannot",
    "change", "changes", "check", "checks", "class", "close", "code", "configuration", "conflict",
    "constraint", "content", "contents", "corrupt", "could", "count", "crash", "crashes", "data", "dead",
    "denied", "descriptor", "descriptors", "did", "died", "directory", "disk", "do", "does", "doesn't",
    "don't", "done", "down", "due", "during", "each", "either", "empty", "entries", "entry", "error",
    "errors", "event", "events", "exceeds", "exchange", "exist", "exists", "expects", "expired", "fail",
    "failed", "fails", "failure", "false", "files", "for", "format", "found", "free", "from", "full", "function",
    "gave", "given", "goes", "gone", "got", "group", "had", "handle", "has", "have", "he", "header", "hit",
    "host", "hosts", "id", "idle", "if", "in", "info", "inside", "into", "invalid", "is", "isn't", "it",
    "its", "kept", "key", "last", "left", "level", "limit", "list", "lock", "lookup", "lost", "made",
    "manager", "may", "me", "memory", "message", "messages", "met", "method", "missing", "mode", "more",
    "must", "my", "name", "names", "near", "needs", "network", "new", "next", "no", "node", "nodes", "none",
    "nor", "not", "now", "null", "number", "of", "off", "ok", "old", "on", "only", "open", "option", "or",
    "other", "our", "out", "over", "overflow", "owner", "pair", "parameter", "parameters", "part", "path",
    "per", "permissions", "pods", "policy", "pool", "port", "process", "protocol", "provider", "ran", "read",
    "ready", "reason", "refuses", "request", "reset", "response", "returns", "rule", "rules", "run",
    "running", "said", "seems", "sent", "server", "set", "setting", "settings", "shall", "shared", "she",
    "should", "shut", "signature", "since", "size", "so", "some", "space", "stale", "start", "starts",
    "state", "status", "still", "stop", "stops", "storage", "store", "stores", "stuck", "such", "system",
    "table", "tables", "takes", "than", "that", "the", "their", "then", "there", "they", "this", "thread",
    "through", "time", "timeout", "to", "too", "took", "true", "type", "types", "unable", "under",
    "unhealthy", "unknown", "unreachable", "until", "up", "update", "updates", "usage", "use", "used", "user",
    "user's", "uses", "value", "values", "version", "via", "wants", "was", "wasn't", "we", "went",
    "were", "what", "when", "where", "which", "while", "who", "will", "with", "within", "without", "would",
    "write", "wrong", "yet", "you", "your",
];

/// Endings of file names that no sentence or program object has.
#[rustfmt::skip]
pub(super) const FILE_ENDINGS: &[&str] = &[
    "bak", "bat", "bz2", "c", "cc", "cert", "cfg", "cnf", "conf", "config", "cpp", "crt", "cs", "css", "csv",
    "dart", "deb", "dll", "dmg", "doc", "docx", "erl", "ex", "exe", "exs", "gif", "go", "gz", "h", "hpp",
    "htm", "html", "ico", "ini", "jar", "java", "jpeg", "jpg", "js", "json", "jsonl", "jsp", "jsx", "kt",
    "kts", "log", "lua", "md", "mjs", "cjs", "pdf", "pem", "php", "pid", "pl", "plist", "png", "properties",
    "proto", "ps1", "py", "pyc", "pyi", "rb", "rpm", "rs", "scala", "sh", "so", "sock", "sql", "sqlite",
    "svg", "swift", "tar", "tgz", "tmp", "toml", "ts", "tsv", "tsx", "txt", "vue", "war", "wasm", "whl",
    "xls", "xlsx", "xml", "xz", "yaml", "yml", "zip", "zst",
];

/// Names of things that look like files.
#[rustfmt::skip]
pub(super) const NO_FILES: &[&str] = &[
    "node.js", "vue.js", "next.js", "nuxt.js", "three.js", "express.js", "console.log", "math.log",
    "socket.io", "asp.net",
];

/// Last labels that make two labels a host name.
#[rustfmt::skip]
pub(super) const HOST_ENDINGS: &[&str] = &[
    "arpa", "at", "au", "be", "biz", "br", "ca", "cc", "ch", "cloud", "cn", "com", "corp", "cz", "de", "dk",
    "edu", "eu", "fi", "fr", "gov", "hk", "internal", "intranet", "jp", "kr", "lan", "localdomain",
    "localhost", "mil", "net", "nl", "nz", "org", "pl", "pt", "ru", "se", "sg", "svc", "tr", "tw", "uk", "us",
    "xyz",
];

/// Last labels that are words too: they make a host name of three labels or more, or before a port.
#[rustfmt::skip]
pub(super) const HOST_ENDINGS_OF_THREE: &[&str] = &[
    "ai", "app", "co", "dev", "es", "example", "home", "in", "info", "int", "invalid", "io", "is", "it",
    "local", "me", "name", "no", "test", "tv", "cluster", "consul", "zone", "site", "online", "shop",
];

/// First labels of program names that are written like host names, backwards.
#[rustfmt::skip]
pub(super) const REVERSED_DOMAINS: &[&str] =
    &["com", "org", "net", "io", "edu", "gov", "java", "javax", "dev", "de"];

/// Whether a sorted list holds `word`.
pub(super) fn sorted_holds(list: &[&str], word: &str) -> bool {
    list.binary_search(&word).is_ok()
}
