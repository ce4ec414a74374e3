//! Who is in the month: the services with what goes wrong in them, and what people do about it.

use issue::{
    document::{Mute, Status},
    lifecycle::{Changes, Resolution},
    report::Priority,
};

/// Something that goes wrong.
pub struct Error {
    /// For the script.
    pub name: &'static str,
    /// The workload.
    pub service: &'static str,
    /// What runs it.
    pub kind: &'static str,
    /// Releases, each with the hour from which on it runs; the first from the beginning.
    pub releases: &'static [(i64, &'static str)],
    /// How often.
    pub shape: Shape,
    /// What is printed. `{n}` is another number each time.
    pub text: &'static str,
}

impl Error {
    /// What runs in this hour.
    pub fn release(&self, hour: i64) -> &'static str {
        let running = self.releases.iter().rev().find(|(from, _)| *from <= hour);
        running.or(self.releases.first()).map_or("", |(_, name)| name)
    }
}

/// How often something goes wrong, by the hours of the month.
pub enum Shape {
    /// So many an hour between two hours, fewer at night.
    Daily(f64, i64, i64),
    /// As often as that at all hours.
    Steady(f64, i64, i64),
    /// A quiet one that bursts: so many an hour, and so many in each of the hours of the burst.
    Storm(f64, f64, i64, i64),
    /// Now and then between hours that are far apart: until the first, and again from the second.
    Returns(f64, i64, i64),
}

impl Shape {
    /// Reports that are to be expected in an hour.
    pub fn expected(&self, hour: i64) -> f64 {
        let within = |from, to| f64::from(u8::from((from..to).contains(&hour)));
        match *self {
            Self::Daily(rate, from, to) => {
                // People buy by day: next to nothing at 4, most at 16.
                let day = 0.5 - 0.5 * ((hour % 24 - 4) as f64 / 24.0 * std::f64::consts::TAU).cos();
                rate * day * 2.0 * within(from, to)
            }
            Self::Steady(rate, from, to) => rate * within(from, to),
            Self::Storm(rate, most, from, to) => rate + (most - rate) * within(from, to),
            Self::Returns(rate, until, again) => rate * (within(0, until) + within(again, i64::MAX)),
        }
    }
}

/// The hour after the last.
const END: i64 = i64::MAX;

const CHECKOUT: &[(i64, &str)] = &[(0, "2.12.4"), (190, "2.13.0"), (430, "2.13.1"), (650, "2.14.0")];
const STOREFRONT: &[(i64, &str)] = &[(0, "b41f0d2"), (120, "77ac91e"), (310, "9f1c2ab"), (590, "e02d7b5")];
const GATEWAY: &[(i64, &str)] = &[(0, "v79"), (260, "v80"), (688, "v81")];
const INGEST: &[(i64, &str)] = &[(0, "38"), (300, "40"), (520, "41")];
const BILLING: &[(i64, &str)] = &[(0, "5.2.0"), (400, "5.3.0")];
const INDEXER: &[(i64, &str)] = &[(0, "0.9.7"), (500, "0.10.0")];

/// The cast.
#[rustfmt::skip]
pub const ERRORS: &[Error] = &[
    Error { name: "stock", service: "checkout-api", kind: "Deployment", releases: CHECKOUT, shape: Shape::Returns(1.5, 380, 652), text:
"2026-11-03 10:24:11.314 ERROR 1 --- [nio-8080-exec-4] c.a.checkout.api.ErrorHandler : request failed
com.acme.checkout.stock.OutOfStockException: no stock left for order {n}
\tat com.acme.checkout.stock.Reservations.reserve(Reservations.java:88)
\tat com.acme.checkout.order.OrderService.place(OrderService.java:141)
\tat com.acme.checkout.api.OrderController.create(OrderController.java:52)
\tat java.base/jdk.internal.reflect.DirectMethodHandleAccessor.invoke(DirectMethodHandleAccessor.java:103)
\tat org.springframework.web.servlet.DispatcherServlet.doDispatch(DispatcherServlet.java:1089)
\tat java.base/java.lang.Thread.run(Thread.java:1583)
Caused by: java.lang.IllegalStateException: reservation {n} is gone
\tat com.acme.checkout.stock.Ledger.take(Ledger.java:37)
\t... 6 more
" },
    Error { name: "mailer", service: "checkout-api", kind: "Deployment", releases: CHECKOUT, shape: Shape::Storm(0.4, 180.0, 566, 571), text:
"java.util.concurrent.RejectedExecutionException: queue of receipts is full (10000 of 10000)
\tat com.acme.checkout.mail.ReceiptMailer.enqueue(ReceiptMailer.java:64)
\tat com.acme.checkout.order.OrderService.confirm(OrderService.java:203)
\tat com.acme.checkout.api.OrderController.create(OrderController.java:58)
\tat java.base/java.lang.Thread.run(Thread.java:1583)
" },
    Error { name: "timeout", service: "checkout-api", kind: "Deployment", releases: CHECKOUT, shape: Shape::Daily(2.5, 0, END), text:
"java.net.SocketTimeoutException: Read timed out
\tat java.base/sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:278)
\tat com.acme.checkout.payment.GatewayClient.charge(GatewayClient.java:119)
\tat com.acme.checkout.payment.Payments.settle(Payments.java:71)
\tat java.base/java.lang.Thread.run(Thread.java:1583)
" },
    Error { name: "pool", service: "gateway", kind: "Deployment", releases: GATEWAY, shape: Shape::Steady(0.9, 688, END), text:
"panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x28 pc=0x6d1f3a]

goroutine {n} [running]:
acme/gateway/proxy.(*Pool).Pick(0x0, {0xc000412000, 0x9})
\t/src/proxy/upstream.go:74 +0x1a
acme/gateway/proxy.(*Handler).ServeHTTP(0xc0000b4120, {0x9c2f40, 0xc0003a6000}, 0xc00021e000)
\t/src/proxy/handler.go:41 +0x9c
net/http.serverHandler.ServeHTTP({0xc0001a4000}, {0x9c2f40, 0xc0003a6000}, 0xc00021e000)
\t/usr/local/go/src/net/http/server.go:3301 +0x8e
" },
    Error { name: "currency", service: "storefront", kind: "Deployment", releases: STOREFRONT, shape: Shape::Daily(4.0, 590, END), text:
"TypeError: Cannot read properties of undefined (reading 'currency')
    at formatTotal (/app/src/cart/total.ts:31:22)
    at CartSummary (/app/src/cart/summary.tsx:18:17)
    at renderWithHooks (/app/node_modules/react-dom/cjs/react-dom-server.node.js:5662:16)
    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)
" },
    Error { name: "chunk", service: "storefront", kind: "Deployment", releases: STOREFRONT, shape: Shape::Daily(1.2, 0, END), text:
"ChunkLoadError: Loading chunk {n} failed.
    at load (/app/src/shell/chunks.ts:44:11)
    at route (/app/src/shell/router.ts:90:5)
    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)
" },
    Error { name: "database", service: "ingest-worker", kind: "Deployment", releases: INGEST, shape: Shape::Storm(0.05, 60.0, 305, 309), text:
"Traceback (most recent call last):
  File \"/app/ingest/batch.py\", line 88, in flush
    self.session.execute(statement, rows)
  File \"/usr/lib/python3.13/site-packages/sqlalchemy/orm/session.py\", line 2365, in execute
    return self._execute_internal(statement, params)
sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) connection to server at \"db-0.db\", port 5432 failed: Connection refused
" },
    Error { name: "rate", service: "nightly-report", kind: "CronJob", releases: INGEST, shape: Shape::Steady(0.06, 200, END), text:
"Traceback (most recent call last):
  File \"/app/report/main.py\", line 21, in <module>
    totals = convert(rows, \"EUR\")
  File \"/app/report/currency.py\", line 14, in convert
    return rates[key]
KeyError: 'fx_rate_eur'
" },
    Error { name: "stripe", service: "billing", kind: "Deployment", releases: BILLING, shape: Shape::Daily(0.7, 400, 640), text:
"Unhandled exception. System.Net.Http.HttpRequestException: The SSL connection could not be established, see inner exception.
   at Acme.Billing.Gateway.StripeClient.SendAsync(HttpRequestMessage request) in /src/Gateway/StripeClient.cs:line 77
   at Acme.Billing.Invoices.InvoiceService.ChargeAsync(Invoice invoice) in /src/Invoices/InvoiceService.cs:line 132
" },
    Error { name: "segment", service: "indexer", kind: "StatefulSet", releases: INDEXER, shape: Shape::Steady(0.08, 505, END), text:
"thread 'merge-3' panicked at src/segment/footer.rs:57:14:
called `Result::unwrap()` on an `Err` value: Corrupt { segment: {n}, offset: 77203 }
stack backtrace:
   0: rust_begin_unwind
   1: core::panicking::panic_fmt
   2: core::result::unwrap_failed
   3: indexer::segment::footer::read
             at ./src/segment/footer.rs:57:14
   4: indexer::merge::Worker::run
             at ./src/merge.rs:118:9
" },
    Error { name: "invoice", service: "backoffice", kind: "Deployment", releases: BILLING, shape: Shape::Daily(0.3, 0, END), text:
"ActiveRecord::RecordNotFound (Couldn't find Invoice with 'id'={n}):
app/controllers/invoices_controller.rb:23:in 'InvoicesController#show'
app/middleware/tenant.rb:11:in 'Tenant#call'
" },
];

/// What somebody does.
pub enum Does {
    /// Gives it to somebody.
    Assigns(&'static str),
    /// Says something.
    Says(&'static str),
    /// Sets the status.
    Sets(Status),
    /// Resolves it in the next release.
    ResolvesLater,
    /// Sets the priority.
    Ranks(Priority),
    /// Wants to hear no more of it until the next release.
    Mutes,
}

impl Does {
    /// As a change of fields, unless it is something that is said.
    pub fn changes(&self) -> Option<Changes> {
        let none = Changes::default;
        Some(match self {
            Self::Says(_) => return None,
            Self::Assigns(whom) => Changes { assignee_id: Some(Some((*whom).to_owned())), ..none() },
            Self::Sets(status) => Changes { status: Some(*status), ..none() },
            Self::ResolvesLater => {
                Changes { status: Some(Status::Resolved), resolution: Resolution::NextRelease, ..none() }
            }
            Self::Ranks(priority) => Changes { priority: Some(*priority), ..none() },
            Self::Mutes => Changes { mute: Some(Some(Mute::NextRelease(String::new()))), ..none() },
        })
    }

    /// What is said.
    pub fn said(&self) -> &'static str {
        match self {
            Self::Says(text) => text,
            _ => "",
        }
    }
}

/// One act.
pub struct Scene {
    /// The hour of the month.
    pub hour: u16,
    /// Who.
    pub who: &'static str,
    /// Does what.
    pub does: Does,
    /// On which error.
    pub on: &'static str,
}

const fn scene(hour: u16, who: &'static str, does: Does, on: &'static str) -> Scene {
    Scene { hour, who, does, on }
}

/// The script, in the order of time.
pub const SCRIPT: &[Scene] = &[
    scene(30, "ada", Does::Assigns("ada"), "stock"),
    scene(
        31,
        "ada",
        Does::Says("Happens when two carts hold the last item. `Ledger.take` does not look again."),
        "stock",
    ),
    scene(60, "grace", Does::Ranks(Priority::High), "timeout"),
    scene(
        61,
        "grace",
        Does::Says("@ada the payment gateway is slow every afternoon, is that known?"),
        "timeout",
    ),
    scene(
        66,
        "ada",
        Does::Says("Yes. They promise a fix for **December**; until then we retry once."),
        "timeout",
    ),
    scene(306, "linus", Does::Assigns("linus"), "database"),
    scene(307, "linus", Does::Sets(Status::InProgress), "database"),
    scene(
        312,
        "linus",
        Does::Says(
            "The primary was moved:\n\n- connections were cut at 17:02\n- the pool did not try again\n\nBack since 21:10.",
        ),
        "database",
    ),
    scene(330, "linus", Does::Sets(Status::Resolved), "database"),
    scene(384, "ada", Does::Says("Fixed by looking again under the lock, goes out with 2.13.1."), "stock"),
    scene(385, "ada", Does::ResolvesLater, "stock"),
    scene(568, "grace", Does::Ranks(Priority::Critical), "mailer"),
    scene(568, "grace", Does::Assigns("grace"), "mailer"),
    scene(
        570,
        "grace",
        Does::Says("The mail provider refuses us. Queue raised, receipts are sent again tonight."),
        "mailer",
    ),
    scene(574, "grace", Does::Sets(Status::InProgress), "mailer"),
    scene(600, "margaret", Does::Assigns("margaret"), "currency"),
    scene(610, "margaret", Does::Says("Carts from before the release have no `currency`."), "currency"),
    scene(642, "margaret", Does::Sets(Status::Resolved), "stripe"),
    scene(660, "linus", Does::Mutes, "chunk"),
];
