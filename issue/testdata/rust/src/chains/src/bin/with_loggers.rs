fn main() {
    if std::env::args().count() > 1 {
        tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(true).init();
        tracing::info!("up");
        tracing::error!(order = 7, "cannot charge");
        return;
    }
    env_logger::Builder::from_default_env().filter_level(log::LevelFilter::Info).init();
    log::info!("up");
    log::error!("cannot charge order 7");
    let json = tracing_subscriber::fmt().json().with_writer(std::io::stderr).finish();
    tracing::subscriber::with_default(json, || {
        tracing::info!("up");
        tracing::error!(order = 7, "cannot charge");
    });
}
