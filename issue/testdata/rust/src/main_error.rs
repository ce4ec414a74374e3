fn main() -> Result<(), Box<dyn std::error::Error>> {
    "x".parse::<i32>()?;
    Ok(())
}
