raise "plain words"
