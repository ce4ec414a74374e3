//! The words that tell what a route or an address is for. Words are compared with whole words of the path, so that
//! `/border` is no order and `/incomplete` not complete.

/// Flows of money. Their plural counts, too.
const PAYMENT: &[&str] = &["checkout", "payment", "purchase", "buy", "cart", "order", "basket"];
/// Beginnings of words that tell that a flow was completed.
const COMPLETE: &[&str] = &["success", "thank", "complete", "confirm", "receipt"];
/// Looking for something is trying again and again, and no frustration.
const SEARCH: &[&str] = &["search", "filter"];
/// Where clicking fast is the point.
const GAME: &[&str] = &["game"];
/// Where going back and forth is how people choose.
const BROWSE: &[&str] = &["product", "compare", "cart", "checkout"];

/// What a route is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purpose {
    /// A flow of money that is not completed yet.
    pub payment: bool,
    /// Where one comes when a flow was completed.
    pub complete: bool,
    /// Search and filters.
    pub search: bool,
    /// A game.
    pub game: bool,
    /// Products, comparison, cart.
    pub browse: bool,
}

impl Purpose {
    /// Of a route or of the address of a request.
    pub fn of(route: &str) -> Self {
        let mut purpose = Self::default();
        let lower = route.to_lowercase();
        for word in lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            let is = |table: &[&str]| {
                table.iter().any(|known| word == *known || word.strip_suffix('s') == Some(*known))
            };
            purpose.payment |= is(PAYMENT);
            purpose.complete |= COMPLETE.iter().any(|beginning| word.starts_with(beginning));
            purpose.search |= is(SEARCH);
            purpose.game |= is(GAME);
            purpose.browse |= is(BROWSE);
        }
        // `/order-complete` and `/checkout/success` end a flow.
        purpose.payment &= !purpose.complete;
        purpose
    }
}

/// The first part of a route that is no number and no id: `checkout` of `/checkout/17/pay`.
pub fn feature(route: &str) -> &str {
    let mut parts = route.split(['/', '#', '?']);
    let tells = |part: &&str| !part.is_empty() && !part.bytes().any(|byte| byte.is_ascii_digit());
    parts.find(tells).unwrap_or("home")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_whole_words() {
        let payment = |route| Purpose::of(route).payment;
        for route in ["/checkout", "/shop/Cart", "/orders/7", "/buy-now", "#/payment/step_2", "/my_order"] {
            assert!(payment(route), "{route}");
        }
        for route in ["/border", "/buyer-guide", "/order-complete", "/checkout/success", "/thanks/order", "/"]
        {
            assert!(!payment(route), "{route}");
        }
        let complete = |route| Purpose::of(route).complete;
        for route in
            ["/order-complete", "/thank-you", "/thanks", "/a/confirmation", "/receipts/1", "/success"]
        {
            assert!(complete(route), "{route}");
        }
        for route in ["/incomplete", "/unsuccessful", "/order"] {
            assert!(!complete(route), "{route}");
        }
    }

    #[test]
    fn a_feature_is_the_first_part_with_a_meaning() {
        let cases = [("/checkout/17", "checkout"), ("/7/pay", "pay"), ("/", "home"), ("#/a", "a")];
        for (route, expected) in cases {
            assert_eq!(feature(route), expected, "{route}");
        }
    }
}
