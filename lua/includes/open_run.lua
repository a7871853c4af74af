--- open_run: the run `id` as commits of this call see it: one table for all of them, in `runs` by id and in order.
--- What they do is kept there until `store_runs`.
local function open_run(runs, id)
  local run = runs[id]
  if not run then
    run = {
      id = id, wanted = { f = true, x = true }, fields = {}, items = {}, dirty = {}, deeds = {}, tasks = {},
      history = {}, taken = {},
    }
    runs[id], runs[#runs + 1] = run, run
  end
  return run
end
