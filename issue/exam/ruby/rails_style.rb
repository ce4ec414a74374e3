require "logger"
log = Logger.new($stderr)
log.formatter = proc { |severity, time, _, text| "#{severity[0]}, [2026-11-20T10:00:00.123456 ##{7}] #{severity.rjust(5)} -- : [3f2c] #{text}\n" }

class CartsController
  def show = raise(KeyError, "key not found: :cart_id")
end

log.info("Started GET \"/errors/1\" for 10.0.0.1")
begin
  CartsController.new.show
rescue => e
  log.fatal("  \n#{e.class} (#{e.message}):\n  \n#{e.backtrace.join("\n")}")
end
log.info("Completed 500 Internal Server Error in 3ms")
