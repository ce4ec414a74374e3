//! Numbers as people read them.

/// Every digit, in groups of three: `1,234,567`.
pub fn exact(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// At most five characters for a narrow column: `9,999`, `12.3k`, `456k`, `7.8M`. Rounded down, so that it never says
/// more than was counted.
pub fn short(number: u64) -> String {
    const STEPS: [(u64, &str); 6] = [
        (1_000_000_000_000_000_000, "E"),
        (1_000_000_000_000_000, "P"),
        (1_000_000_000_000, "T"),
        (1_000_000_000, "G"),
        (1_000_000, "M"),
        (1_000, "k"),
    ];
    if number < 10_000 {
        return exact(number);
    }
    let step = STEPS.iter().find(|(size, _)| number >= *size);
    step.map_or_else(
        || exact(number),
        |(size, unit)| match (number / size, number % size * 10 / size) {
            (whole @ 0..100, tenth @ 1..) => format!("{whole}.{tenth}{unit}"),
            (whole, _) => format!("{whole}{unit}"),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_three() {
        for (number, expect) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (10_485_760, "10,485,760"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(exact(number), expect);
        }
    }

    #[test]
    fn a_narrow_column_holds_any_count() {
        for (number, expect) in [
            (9_999, "9,999"),
            (10_000, "10k"),
            (12_399, "12.3k"),
            (456_789, "456k"),
            (7_800_000, "7.8M"),
            (u64::MAX, "18.4E"),
        ] {
            assert_eq!(short(number), expect);
        }
    }
}
