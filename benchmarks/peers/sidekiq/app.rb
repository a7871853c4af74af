# frozen_string_literal: true

# The application that the worker process of Sidekiq loads, and the producer too.
#
# Sidekiq without its paid parts: a job that a worker runs when it is killed is lost, since BRPOP has taken it out of Redis;
# at a shut-down it is pushed back. Its log, a line at the start and at the end of each job, is off.

require "sidekiq"
require_relative "tally"

Sidekiq.logger.level = Logger::WARN
# Debian's Sidekiq is older than its client of Redis, which says so at each call.
Redis.silence_deprecations = true

url = "unix://#{ENV.fetch("PEER_REDIS", "/nowhere")}"
Sidekiq.configure_client { |config| config.redis = {url: url} }
Sidekiq.configure_server do |config|
  config.redis = {url: url}
  config.on(:startup) do
    Tally.open
    Tally.ready
  end
end

# The job.
class Noop
  include Sidekiq::Worker

  def perform(job)
    Tally.note(job)
  end
end
