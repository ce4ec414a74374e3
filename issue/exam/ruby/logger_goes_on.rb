require "logger"
require "json"

LOG = Logger.new($stderr, progname: "importer")

def import(line)
  JSON.parse(line)
end

LOG.info { "3 lines, error handler set" }
['{"a":1}', "{a:1", "[]"].each do |line|
  import(line)
rescue JSON::ParserError => e
  LOG.error(e)
end
LOG.warn("1 line skipped: failed to parse")
LOG.error("import finished with failures")
LOG.info("exit")
