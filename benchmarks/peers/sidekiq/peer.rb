# frozen_string_literal: true

# `version`, `fill JOBS`, `pace UNSTAMPED STAMPED RATE` or `worker CONCURRENCY`: see "Side by side" in benchmarks/README.md.

role, *rest = ARGV

if role == "worker"
  # It sizes its pool of connections from what it has parsed, so it loads the application itself.
  require "sidekiq/cli"
  app = File.expand_path("app.rb", __dir__)
  cli = Sidekiq::CLI.instance
  cli.parse(["--require", app, "--concurrency", rest.first, "--environment", "production"])
  cli.run
  exit
end

require_relative "app"

# Runs the block so many times at a steady rate.
def pace(count, rate)
  start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  count.times do |number|
    pause = start + number.to_f / rate - Process.clock_gettime(Process::CLOCK_MONOTONIC)
    sleep(pause) if pause.positive?
    yield number
  end
end

case role
when "version"
  puts "Sidekiq #{Sidekiq::VERSION}, redis-rb #{Redis::VERSION}, #{RUBY_DESCRIPTION[/\A.*?(?= \()/]}"
when "fill"
  rest.first.to_i.times.each_slice(1000) do |slice|
    Sidekiq::Client.push_bulk("class" => "Noop", "args" => Array.new(slice.size) { [Tally::JOB] })
  end
when "pace"
  unstamped, count, rate = rest.map(&:to_i)
  pace(unstamped + count, rate) do |number|
    Noop.perform_async(number < unstamped ? Tally::JOB : Tally.stamped)
  end
else
  abort "there is no #{role}"
end
