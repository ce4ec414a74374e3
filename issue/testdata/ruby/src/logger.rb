require 'logger'
log = Logger.new($stderr)
log.info("up")
begin
  [].fetch(3)
rescue IndexError => e
  log.error(e)
  log.error("lookup failed: #{e.message}")
end
log.warn("odd")
