#pragma once
// The fields' numbers of the messages in .wandb files, from the client's wandb_internal.proto.

namespace imgcls::report::wandb {

namespace record {
enum Kind {
  history = 2,
  summary = 3,
  config = 5,
  stats = 7,
  metric = 12,
  output = 13,
  run = 17,
  exit = 18,
  header = 21,
  preempting = 23,
  environment = 26
};
enum { number = 1 };
}  // namespace record

namespace header {
enum { version = 1 };
enum { producer = 1, min_consumer = 2 };  // of the version
}  // namespace header

namespace run {
enum { id = 1, project = 3, config = 4, name = 8, host = 13, start = 17, git = 21 };
enum { commit = 2 };  // of git
}  // namespace run

namespace environment {
enum { started = 3, arguments = 5, program = 6, root = 11, host = 12, executable = 14 };
enum { cores = 16, threads = 17, gpu = 18, memory = 21, cpu = 22 };
enum { total = 1 };      // of memory, in bytes
enum { cpu_model = 3 };  // of cpu
}  // namespace environment

namespace metric {
enum { name = 1, step = 4, options = 6 };
enum { step_sync = 1, hidden = 2, defined = 3 };  // of options
}  // namespace metric

namespace history {
enum { items = 1, step = 2 };
enum { number = 1 };  // of a step
}  // namespace history

namespace updates {  // of a configuration, and of a summary
enum { items = 1 };
}

namespace item {  // of a history, a configuration, a summary, system figures
enum { key = 1, value = 16 };
}

namespace stats {
enum { timestamp = 2, items = 3 };
}

namespace output {
enum { type = 1, timestamp = 2, line = 3 };
constexpr int kStdout = 1;
}  // namespace output

namespace run_exit {
enum { code = 1, runtime = 2 };
}

namespace time {
enum { seconds = 1, nanos = 2 };
}

}  // namespace imgcls::report::wandb
