#[derive(Clone)]
struct Doc(Vec<Doc>);

#[inline(never)]
fn weigh(doc: &Doc, pad: [u64; 32]) -> u64 {
    let sum: u64 = pad.iter().sum();
    sum + weigh(doc, pad) + doc.0.len() as u64
}

fn main() {
    println!("{}", weigh(&Doc(vec![]), [1; 32]));
}
