// train_resnet50: trains an image classifier as its configurations say; alone, or on each rank of
// `mpirun -np N`.
//
// train::run_program reads the configuration and joins the job, train::run_training opens the data,
// makes the model and trains (train/compose.h).
#include <imgcls/core/process.h>
#include <imgcls/train/compose.h>
#include <imgcls/train/program.h>

#include <cstdio>
#include <string>
#include <vector>

using namespace imgcls;

namespace {

constexpr const char* kHelp = R"(Usage: train_resnet50 CONFIG... [key.path=value...]

Trains an image classifier. Configurations are JSON files, merged from left to right, then the
overrides; docs/configuration.md lists every key. Results go to run.dir: train_log.csv, log.txt,
config.json and checkpoints. Ctrl-C saves first; the same command resumes from there.

--version says which version this is.

Examples:
  train_resnet50 configs/data/cifar10.json configs/train/cifar10.json
  mpirun -np 2 train_resnet50 configs/data/fashion-mnist.json configs/train/demo.json
  mpirun -np 4 train_resnet50 configs/data/imagenet.json configs/train/resnet50.json \
      data.root=/data/Imagenet run.dir=runs/resnet50-1 train.seed=1
)";

}  // namespace

int main(int argc, char** argv) {
  open_standard_streams();
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h") {
    std::fputs(kHelp, arguments.empty() ? stderr : stdout);
    return arguments.empty() ? train::kUsage : train::kSuccess;
  }
  if (arguments[0] == "--version") {
    std::printf("%s\n", train::version_text().c_str());
    return train::kSuccess;
  }
  return train::run_program(arguments, train::run_training);
}
