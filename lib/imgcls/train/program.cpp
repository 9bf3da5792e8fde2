#include <imgcls/core/descriptor.h>
#include <imgcls/core/error.h>
#include <imgcls/core/error_text.h>
#include <imgcls/core/log.h>
#include <imgcls/core/process.h>
#include <imgcls/dist/agree.h>
#include <imgcls/dist/launch/launcher.h>
#include <imgcls/train/program.h>
#include <imgcls/train/rank_fields.h>
#include <imgcls/train/run_fields.h>
#include <imgcls/train/termination_signals.h>

#include <fcntl.h>
#include <torch/version.h>
#include <unistd.h>

#include <cstdlib>

namespace imgcls::train {
namespace {

/// Whether this is the process that speaks, before there is a world to ask.
bool launched_first() {
  try {
    return dist::launched().rank == 0;
  } catch (const DistError&) {
    return true;
  }
}

dist::LaunchOptions launch_options(const Config& config) {
  dist::LaunchOptions options;
  launch_fields().read(config.json().at("dist"), options);
  return options;
}

/// Says so where it is heard otherwise.
int without_stopped(int code) {
  const char* file = std::getenv(kStoppedVariable);
  if (code != kStopped || file == nullptr) return code;
  const Descriptor opened(file, O_WRONLY | O_APPEND);
  const bool said = opened.get() >= 0 && ::write(opened.get(), "s", 1) == 1;
  return said ? kSuccess : code;
}

int run_in_world(const Config& config, dist::World& world,
                 const std::function<int(const Config&, dist::World&)>& work) {
  try {
    if (world.size() > 1) {  // hashes the program: nothing to do for a process that is alone
      dist::require_equal(world, version_fields(), "Start all ranks with the same program.");
      dist::require_equal(world, config_fields(config),
                          "Start all ranks with the same configuration.");
    }
    return work(config, world);
  } catch (const dist::AgreedError& e) {
    if (world.is_first()) Log().error(e.what());
    return e.of_configuration() ? kUsage : kFailure;
  } catch (const dist::RankFailure&) {
    world.abort(kFailure);
  } catch (const std::exception& e) {
    world.abort(kFailure, error_text(e));
  }
  return kFailure;
}

}  // namespace

std::string version_text() {
  return "imgcls " IMGCLS_VERSION ", with LibTorch " TORCH_VERSION;
}

int run_reported(const std::function<int()>& work) {
  try {
    return work();
  } catch (const ConfigError& e) {
    Log().error(e.what());
    return kUsage;
  } catch (const std::exception& e) {
    Log().error(error_text(e));
  } catch (...) {
    Log().error("an exception of no known kind ended the program");
  }
  return kFailure;
}

int run_program(std::span<const std::string> arguments,
                const std::function<int(const Config&, dist::World&)>& work) {
  ignore_broken_pipes();
  raise_open_file_limit();
  const TerminationSignals signals;  // until the job's communication has ended
  try {
    const Config config = Config::load(arguments);
    const std::unique_ptr<dist::World> world = dist::launch(launch_options(config));
    return without_stopped(run_in_world(config, *world, work));
  } catch (const ConfigError& e) {
    if (launched_first()) Log().error(e.what());
    return kUsage;
  } catch (const dist::AgreedError& e) {
    if (launched_first()) Log().error(e.what());
  } catch (const dist::RankFailure&) {  // reported already
  } catch (const std::exception& e) {   // this rank did not get into the job
    Log().error(error_text(e));
  }
  return kFailure;
}

}  // namespace imgcls::train
