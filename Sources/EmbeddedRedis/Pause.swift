/// Waits without blocking a thread, and also in a task that has been cancelled.
///
/// Ending a child must finish in a cancelled task too, where `Task.sleep` returns at once and a polling loop would
/// spin: so the sleep is done by a task of its own, which is awaited and therefore never outlives the call.
package func pause(_ duration: Duration) async {
    // Unstructured: a child task would inherit the cancellation that this wait has to outlast; it is awaited right here.
    await Task.detached { try? await Task.sleep(for: duration) }.value
}
