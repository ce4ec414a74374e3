class Gone < StandardError; end
raise Gone, ""
