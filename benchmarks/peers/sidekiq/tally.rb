# frozen_string_literal: true

# Counts the jobs of this process, and writes the counts to files ten times a second: what tally.py beside this folder says.
module Tally
  # 60 bytes as JSON.
  JOB = {"id" => 1_000_000, "name" => "abcdefghijklmnopqrstuvwx", "ok" => true}.freeze

  @lock = Mutex.new
  @first = 0
  @last = 0
  @count = 0
  @starts = []

  class << self
    def now
      Process.clock_gettime(Process::CLOCK_REALTIME, :microsecond)
    end

    # The same, of 60 bytes too, with the moment of its making in microseconds of wall time.
    def stamped
      {"sent" => now, "name" => "abcdefghijklmnopqrstuvw"}
    end

    # The first line of the handler.
    def note(job)
      now = self.now
      @lock.synchronize do
        @first = now if @count.zero?
        @last = now
        @count += 1
        sent = job["sent"]
        @starts << now - sent if sent
      end
    end

    def open
      Thread.new { write }
    end

    # Called by a worker process that waits for jobs now. It ends with the benchmark, whose end ends standard input.
    def ready
      Thread.new do
        $stdin.read
        Process.exit!(0)
      end
      File.write(path("ready"), "")
    end

    private

    def path(name)
      File.join(ENV.fetch("PEER_TALLY"), "#{name}-#{Process.pid}")
    end

    def write
      tally = File.open(path("tally"), "wb")
      starts = File.open(path("starts"), "w")
      written = 0
      loop do
        sleep 0.1
        line, idle, noted = take(written)
        written = @count unless idle
        tally.pwrite(line, 0) unless idle
        starts.write(noted.map { |start| "#{start}\n" }.join)
        starts.flush
      end
    end

    # The counts as a line, whether nothing has come since so many, and then what is to be written of starts.
    def take(written)
      @lock.synchronize do
        idle = @count == written
        noted = idle ? @starts : []
        @starts = [] if idle
        [format("%020d %020d %020d\n", @first, @last, @count), idle, noted]
      end
    end
  end
end
