require 'logger'
l=Logger.new($stderr)
class Gone < StandardError; end
def load(i) raise Gone, "cart #{i}\nis gone" end
begin; load 1; rescue => e; l.error(e); l.error("again: #{e.full_message(highlight: false)}"); end
Thread.new { load 2 }.join
