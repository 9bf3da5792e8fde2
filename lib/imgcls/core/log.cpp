#include <imgcls/core/error.h>
#include <imgcls/core/log.h>

#include <fmt/format.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <string>

namespace imgcls {

struct Log::Sinks {
  std::string prefix;
  bool speaks = true;
  std::shared_ptr<spdlog::logger> terminal;
  std::shared_ptr<spdlog::logger> file;

  void write(spdlog::level::level_enum level, std::string_view message, bool to_terminal) const {
    const std::string line = fmt::format("{}{}", prefix, message);
    if (to_terminal) terminal->log(level, line);
    if (file) file->log(level, line);
  }
};

Log::Log(std::unique_ptr<Sinks> sinks) : sinks_(std::move(sinks)) {
  auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  sinks_->terminal = std::make_shared<spdlog::logger>("imgcls", sink);
  sinks_->terminal->set_pattern("%H:%M:%S %^%v%$");
}

Log::Log() : Log(std::make_unique<Sinks>()) {}

Log Log::quiet(std::string_view prefix) {
  auto sinks = std::make_unique<Sinks>();
  sinks->prefix = prefix;
  sinks->speaks = false;
  return Log(std::move(sinks));
}

Log::~Log() = default;
Log::Log(Log&&) noexcept = default;
Log& Log::operator=(Log&&) noexcept = default;

void Log::add_file(const std::filesystem::path& path) {
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path.string());
    sinks_->file = std::make_shared<spdlog::logger>("imgcls", sink);
  } catch (const spdlog::spdlog_ex& e) {
    throw IoError(fmt::format("cannot open the log file {}: {}", path.string(), e.what()));
  }
  sinks_->file->set_pattern("%Y-%m-%d %H:%M:%S.%e %L %v");
  sinks_->file->flush_on(spdlog::level::trace);
}

void Log::info(std::string_view message) const {
  sinks_->write(spdlog::level::info, message, sinks_->speaks);
}
void Log::file_only(std::string_view message) const {
  sinks_->write(spdlog::level::info, message, false);
}
void Log::warn(std::string_view message) const {
  sinks_->write(spdlog::level::warn, message, true);
}
void Log::error(std::string_view message) const {
  sinks_->write(spdlog::level::err, message, true);
}

}  // namespace imgcls
