import ArgumentParser

/// `penstock`: every subcommand is listed here.
struct RootCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "penstock",
        abstract: "Jobs and workflows on Redis: start them, run them, look after them.",
        discussion: """
            EXAMPLES
              Try it without a Redis of your own; DIR keeps the data:
                penstock enqueue greet --payload '{"who":"you"}' --embedded ./data
                penstock worker --drain --embedded ./data --exec cat

              Enqueue each line of a file, safely again after an interruption:
                penstock enqueue import --jsonl users.jsonl --key-prefix users-1

              Run a program for each job of two queues, eight at a time:
                penstock worker --queue mail,import --concurrency 8 --exec ./handle.sh

              Look and steer:
                penstock stats --watch
                penstock doctor
                penstock job show ID
                penstock job why ID
                penstock job cancel ID --reason "not needed" --wait
                penstock queue pause mail
                penstock limit set 'account:*' --rate 10/s --concurrency 5
                penstock dead retry --all --queue mail

              Workflows: start a run, follow it, undo it:
                penstock workflow list
                penstock run start checkout --input '{"order":7}'
                penstock run watch ID
                penstock run cancel ID --rollback

            ENVIRONMENT
              PENSTOCK_REDIS_URL   where Redis is, unless --redis says
              PENSTOCK_NAMESPACE   the namespace, unless --namespace says
              NO_COLOR             no colours

            EXIT CODES
              0 done   2 findings of doctor   64 wrong usage   69 Redis is unreachable   1 anything else
            """,
        version: "0.1.0",
        subcommands: [
            WorkerCommand.self,
            EnqueueCommand.self,
            JobCommand.self,
            QueueCommand.self,
            LimitCommand.self,
            CapCommand.self,
            BatchCommand.self,
            RunCommand.self,
            WorkflowCommand.self,
            ScheduleCommand.self,
            InboxCommand.self,
            ConnectorCommand.self,
            DeadCommand.self,
            StatsCommand.self,
            WorkersCommand.self,
            DoctorCommand.self,
            DemoCommand.self,
            DemoWorkerCommand.self,
        ])
}
