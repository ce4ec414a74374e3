"""Writes made-up secrets in odd places and lines that only resemble them, the same each time."""
import base64, pathlib, random, sys
r = random.Random(4711)
out = pathlib.Path(sys.argv[1])
A = "abcdefghijklmnopqrstuvwxyz"; D = "0123456789"
rs = lambda k, al=A + A.upper() + D: "".join(r.choice(al) for _ in range(k))
hx = lambda k: rs(k, "0123456789abcdef")
pw = lambda: r.choice(["hunter2!", "S3cr3t.Pa55", "correct-horse", "pä55wörd9", "x9$Kq#2v", "qwerty-7781", "Tr0ub4dor&3"])
def b64(s): return base64.b64encode(s.encode()).decode()
def jwt(): return ".".join(base64.urlsafe_b64encode(x.encode()).decode().rstrip("=") for x in ('{"alg":"HS256","typ":"JWT"}', '{"sub":"%s","exp":17}' % rs(8))) + "." + rs(43)
def card(prefix, length):
    d = [int(x) for x in prefix] + [r.randint(0, 9) for _ in range(length - len(prefix) - 1)]
    s = 0
    for i, x in enumerate(reversed(d)):
        x = x * 2 if i % 2 == 0 else x
        s += x - 9 if x > 9 else x
    return "".join(map(str, d)) + str((10 - s % 10) % 10)
L = []
add = lambda s: L.append(s)
M = lambda s: f"<<{s}>>"
# userinfo in addresses
for scheme in ("postgres", "mysql", "redis", "amqp", "mongodb+srv", "https", "ftp", "smtp", "kafka", "clickhouse"):
    add(f"cannot connect to {scheme}://svc:{M(rs(12))}@db.internal:5432/shop?x=1")
for odd in ("p%40ss%2Fw", "a!b$c&d", "x:y:z9", "tok_9~8.7", "12345678", "p@ss@9word"):
    add(f"dial postgres://shop:{M(odd)}@10.0.0.7/shop: refused")
add(f"GET redis://:{M(rs(20))}@cache:6379/0")
add(f"DATABASE_URL=postgresql+asyncpg://shop:{M(rs(16))}@db/shop")
add(f"jdbc:mysql://db:3306/shop?user=shop&password={M(rs(14))}&ssl=true")
add(f"jdbc:sqlserver://db;user=sa;password={M(rs(14))};encrypt=true")
add(f"Server=db;Database=shop;User Id=sa;Password={M(rs(14))};")
add(f"git clone https://x-access-token:{M('ghs_' + rs(36))}@git.example.net/a/b failed")
# json keys in all spellings
for key in ("password", "Password", "userPassword", "user_password", "user-password", "PASSWORD", "passwd", "pwd", "secret", "clientSecret", "client_secret", "client-secret", "apiKey", "api_key", "api-key", "APIKEY", "x-api-key", "accessToken", "access_token", "access-token", "refreshToken", "refresh_token", "idToken", "authToken", "sessionToken", "privateKey", "private_key", "secretKey", "secret_key", "accessKey", "aws_secret_access_key", "credential", "authorization", "cookie", "setCookie", "db_password", "dbPassword", "SMTP_PASSWORD", "sessionId" if False else "session"):
    add('{"level":"error","%s":"%s","msg":"login failed"}' % (key, M(rs(18))))
for key in ("password", "api_key", "clientSecret", "token"):
    add('payload: {\\"user\\":\\"mia\\",\\"%s\\":\\"%s\\"}' % (key, M(rs(15))))
    add("params: {'user': 'mia', '%s': '%s'}" % (key, M(rs(15))))
    add("params {:user=>\"mia\", :%s=>\"%s\"}" % (key, M(rs(15))))
    add("User(name=mia, %s=%s)" % (key, M(rs(15))))
    add("<%s>%s</%s>" % (key, M(rs(15)), key))
    add("request /login?user=mia&%s=%s&next=/ failed" % (key, M(rs(15))))
    add("--%s=%s" % (key, M(rs(15))))
    add("--%s %s --verbose" % (key.replace("_", "-"), M(rs(15))))
    add("%s: %s" % (key, M(rs(15))))
    add("%s = \"%s\"" % (key, M(rs(15))))
    add("export %s=%s" % (key.upper(), M(rs(15))))
    add("%s='%s'" % (key.upper(), M(pw())))
# headers as curl -v prints them
for head in ("Authorization: Bearer ", "authorization: bearer ", "> Authorization: Bearer ", "Proxy-Authorization: Basic ", "X-Api-Key: ", "> X-Auth-Token: ", "< Set-Cookie: session=", "> Cookie: sid=", "Authorization: Token ", "Authorization: ApiKey "):
    add(f"{head}{M(b64('svc:' + rs(18)))}")
add(f"headers={{'Authorization': 'Bearer {M(rs(40))}', 'Accept': '*/*'}}")
add(f"-H 'Authorization: Bearer {M(rs(40))}' https://api.example.net")
add(f"curl -u svc:{M(rs(14))} https://api.example.net/v1")
add(f"Authorization: Digest username=\"mia\", response=\"{M(hx(32))}\"")
add(f"authorization=[Bearer {M(rs(40))}]")
for _ in range(6): add(f"token rejected: {M(jwt())} (expired)")
add(f"ws://h/x?jwt={M(jwt())}")
# keys of clouds and services
for _ in range(3):
    add(f"AccessDenied for {M('AKIA' + rs(16, A.upper() + '234567'))} in eu-west-1")
    add(f"assumed role with {M('ASIA' + rs(16, A.upper() + '234567'))}")
    add(f"maps call with key {M('AIza' + rs(35))} refused")
    add(f"github said no to {M('ghp_' + rs(36))}")
    add(f"app token {M('gho_' + rs(36))} revoked")
    add(f"fine grained {M('github_pat_' + rs(22) + '_' + rs(59))} expired")
    add(f"slack hook {M('xoxb-' + rs(11, D) + '-' + rs(12, D) + '-' + rs(24))} invalid_auth")
    add(f"stripe {M('sk_live_' + rs(24))} is not allowed")
    add(f"stripe {M('rk_test_' + rs(24))} is not allowed")
    add(f"gitlab {M('glpat-' + rs(20))} denied")
    add(f"npm publish with {M('npm_' + rs(36))} failed")
    add(f"openai {M('sk-' + rs(48))} quota")
    add(f"sendgrid {M('SG.' + rs(22) + '.' + rs(43))} refused")
    add(f"AccountKey={M(b64(rs(64)))};EndpointSuffix=core.windows.net")
    add(f"AWS_SECRET_ACCESS_KEY={M(rs(40))}")
    add(f"google oauth {M('ya29.' + rs(60))} expired")
# keys in blocks
body = "\\n".join(rs(64) for _ in range(3))
add('{"key":"-----BEGIN PRIVATE KEY-----\\\\n%s\\\\n-----END PRIVATE KEY-----\\\\n"}' % M(rs(64) + "\\\\n" + rs(64)))
add("-----BEGIN RSA PRIVATE KEY-----\\n%s\\n-----END RSA PRIVATE KEY-----" % M(rs(64) + "\\n" + rs(64)))
add("-----BEGIN OPENSSH PRIVATE KEY-----\\n%s\\n-----END OPENSSH PRIVATE KEY-----" % M(rs(64) + "\\n" + rs(32)))
add("-----BEGIN EC PRIVATE KEY-----\\n%s" % M(rs(64)))
# cards
for p, k in (("4", 16), ("51", 16), ("34", 15), ("37", 15), ("6011", 16), ("4", 16)):
    c = card(p, k); add(f"charge {M(c)} declined")
    c = card("4", 16); add(f"card no {M(' '.join(c[i:i+4] for i in range(0, 16, 4)))} declined")
    c = card("52", 16); add(f"card={M('-'.join(c[i:i+4] for i in range(0, 16, 4)))} declined")
out.mkdir(parents=True, exist_ok=True)
(out / "secrets.txt").write_text("\n".join(L) + "\n")
H = []
add = H.append
u = lambda: f"{hx(8)}-{hx(4)}-4{hx(3)}-a{hx(3)}-{hx(12)}"
def nolu(k):
    while True:
        c = str(r.randint(1, 9)) + rs(k - 1, D); s = 0
        for i, x in enumerate(reversed(c)):
            x = int(x); x = x * 2 if i % 2 else x; s += x - 9 if x > 9 else x
        if s % 10: return c
for _ in range(12):
    add(f"commit {hx(40)} is not in {hx(40)}")
    add(f"digest sha256:{hx(64)} differs from sha256:{hx(64)}")
    add(f"request {u()} for tenant {u()} timed out")
    add(f"trace_id={hx(32)} span_id={hx(16)}")
    add(f"order {nolu(16)} of customer {rs(9, D)} not found")
    add(f"offset {nolu(13)} beyond {nolu(13)}")
    add(f"epoch {r.randint(1600000000000, 1900000000000)} is in the future")
    add(f"pointer 0x{hx(16)} freed at 0x{hx(12)}")
    add(f"bundle main.{hx(8)}.js at https://cdn.example.net/a/{hx(20)}/x.js?v={hx(8)}")
    add(f"/var/lib/docker/overlay2/{hx(64)}/merged: no such file")
    add(f"etag \"{hx(32)}\" did not match")
    add(f"pod web-{hx(9)}-{rs(5, A)} evicted")
    add(f"mac 52:54:00:{hx(2)}:{hx(2)}:{hx(2)} on eth0")
    add(f"blk_{nolu(19)} is corrupt")
    add(f"version 1.{r.randint(0,99)}.{r.randint(0,99)}+build.{hx(7)}")
for s in """password reset for mia failed
the password must have 12 characters
wrong password
invalid password for user mia
password authentication failed for user "shop"
token expired
token has expired at 2026-10-02T10:11:12Z
unexpected token } in JSON at position 7
Unexpected token '<', "<!DOCTYPE "... is not valid JSON
syntax error near token 'select'
tokens used: 512 of 4096
max_tokens=4096 exceeded
secretary of state not found
the secret santa job failed
Secret "db-credentials" not found in namespace shop
secrets "tls" is forbidden: User cannot get resource "secrets"
secretName: db-tls is missing
cookie policy changed
cookies are disabled
cookie jar is full
session expired
session 7 closed
session timeout after 30 s
no session for user mia
credentials are missing
credential provider chain is empty
authorization failed
authorization is required
authorization header is missing
api key is missing
api_key is required
missing api-key header
private key does not match the certificate
private_key must be a path
the access key was rotated
passwordless login is on
bypass tokenizer for input
tokenization of card failed
passing 3 tests, 0 failed
compass heading 270
keyboard layout de
basic auth is disabled
Basic plan has no such feature
bearer of this ticket may enter
Bearer token is missing
secret: true
password=
password: 
"password": null
"password":""
token=null
"token": false
auth=none
authenticator app is not set up
author=mia
Authorization code flow is not enabled
set-cookie header was dropped
pwd is /srv/app
cwd=/srv/app pwd changed
tokenizer.json not found
sessions: 12 active
token bucket is empty, rate=10
csrf token mismatch
refresh token rotation is on
token type is bearer
password field is empty
password length 7 is too short
passwords do not match
https://example.net/users/mia@example.org/profile
mailto:mia@example.net
git@git.example.net:shop/web.git
user@host:/path failed
ssh://git@git.example.net/a/b.git
http://10.0.0.7:8080/a@b
http://h/path?email=a@b.example
time 10:11:12@web
call 0800 1234 5678 901
phone +49 170 1234567
iban check failed at position 4
isbn 978-3-16-148410-0 unknown
version 4.1.1.1
ports 4111 1111 are taken
64 bytes from 10.0.0.7: icmp_seq=1
size 4294967296 is too large
id=9007199254740993 is not safe
1234-5678 is no order
2026-10-02 10:11:12.131415 clock went back
AKIA is a prefix
AIza is too short
ghp_ is not a token
sk_live_ is a prefix
xoxb- is a prefix
eyJ is a prefix
eyJhbGciOi is cut
-----BEGIN CERTIFICATE-----
-----BEGIN PUBLIC KEY-----
public_key=ed25519
key=value
key: user-17
primary key (id)=(7) exists
duplicate key value violates unique constraint "vans_pkey"
foreign key constraint fails
KeyError: 'token'
KeyError: 'password'
undefined method `password' for nil
no such column: password
column "secret" does not exist
class PasswordResetController not found
com.example.TokenService failed
com.example.auth.SecretStore$Reader.read(SecretStore.java:12)
at TokenVerifier.verify (/srv/app/token.js:12:7)
File "/app/password.py", line 7, in reset_password
/etc/shadow: Permission denied
/run/secrets/kubernetes.io/serviceaccount/token: no such file
open /var/run/secrets/kubernetes.io/serviceaccount/token: permission denied
GET /password/reset 500
POST /oauth/token 401
GET /api/session 404
GET /cookies.txt 404
kafka topic password-resets has no leader
queue token-refresh is full
metric secret_rotations_total is missing
env SECRET_KEY is not set
DATABASE_PASSWORD is not set
variable API_KEY is required""".splitlines(): add(s)
(out / "harmless.txt").write_text("\n".join(H) + "\n")
print(len(L), len(H))
