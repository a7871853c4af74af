import ArgumentParser

/// `penstock limit`: rates and concurrency, changed while workers run.
struct LimitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limit", abstract: "List, set and remove limits of rate and concurrency; workers obey at once.",
        discussion: """
            A limit is on queue:NAME, kind:NAME, tenant:NAME, or on a key that jobs bring (penstock enqueue --limit \
            account:42). SCOPE:* is the limit of each name of a scope that has none of its own: quote it for the shell.

            EXAMPLES
              penstock limit set 'account:*' --rate 10/s --concurrency 5
              penstock limit set queue:mail --rate 600/m --burst 20
              penstock limit remove queue:mail
            """,
        subcommands: [LimitList.self, LimitSet.self, LimitRemove.self])

    static let nameHelp = ArgumentHelp(
        "What it is on: queue:NAME, kind:NAME, tenant:NAME or SCOPE:NAME; SCOPE:* for all names of a scope.",
        valueName: "name")
}
