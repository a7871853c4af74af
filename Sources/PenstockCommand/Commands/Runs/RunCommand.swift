import ArgumentParser

/// `penstock run`: runs of workflows.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Start a run of a workflow, look at it, wait for it, steer it.",
        discussion: """
            Workers make their workflows known; penstock workflow list shows them.

              id=$(penstock run start checkout --input '{"order":7}' --foreign-id order-7)
              penstock run watch $id
              penstock run signal $id approval --payload true
            """,
        subcommands: [
            RunStart.self, RunShow.self, RunList.self, RunWatch.self, RunHistory.self, RunWhy.self, RunResult.self,
            RunGraph.self, RunPause.self, RunResume.self, RunRetry.self, RunCancel.self, RunRerun.self, RunSkip.self,
            RunSignal.self, RunCallbackCommand.self, RunComplete.self, RunDeleteData.self,
        ])
}
