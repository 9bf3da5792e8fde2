#include <imgcls/core/error.h>
#include <imgcls/report/page.h>
#include <imgcls/report/run_files.h>
#include <imgcls/report/serve.h>

#include <fmt/format.h>
#include <httplib.h>
#include <sys/socket.h>

#include <exception>
#include <mutex>
#include <thread>
#include <utility>

namespace imgcls::report {
namespace {

constexpr const char* kHost = "127.0.0.1";
constexpr const char* kPlain = "text/plain; charset=utf-8";

/// The report as it stands, made anew when a file has changed.
class Newest {
 public:
  Newest(std::vector<std::filesystem::path> arguments, std::string title)
      : arguments_(std::move(arguments)), title_(std::move(title)) {
    find_runs(arguments_);
  }

  struct State {
    nlohmann::json report;
    std::string tag;  ///< an HTTP ETag
  };

  State read() {
    const std::vector<std::filesystem::path> folders = find_runs(arguments_);
    std::string stamp = runs_stamp(folders);
    const std::lock_guard lock(mutex_);
    if (stamp != stamp_) {
      const std::vector<Run> runs = read_runs(folders);
      report_ = report_json(runs, {.title = title_, .live_s = LiveServer::kEvery_s});
      stamp_ = std::move(stamp);
      ++version_;
    }
    return {report_, fmt::format("\"{}-{}\"", report_.at("made").get<std::string>(), version_)};
  }

 private:
  const std::vector<std::filesystem::path> arguments_;
  const std::string title_;
  std::mutex mutex_;
  nlohmann::json report_;
  std::string stamp_;
  int version_ = 0;
};

}  // namespace

class LiveServer::Listener {
 public:
  Listener(std::vector<std::filesystem::path> arguments, std::string title, int port)
      : newest_(std::move(arguments), std::move(title)) {
    // httplib's own options let two servers share a port.
    server_.set_socket_options([](socket_t socket) {
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    });
    server_.set_keep_alive_max_count(1);  // or the end waits for connections that lie idle
    set_answers();
    bind(port);
    thread_ = std::jthread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();  // stop() before that is not heard
  }

  ~Listener() { server_.stop(); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int port() const { return port_; }

 private:
  using Request = httplib::Request;
  using Response = httplib::Response;

  void bind(int port) {
    const int first = port == 0 ? kUsualPort : port;
    if (server_.bind_to_port(kHost, first)) {
      port_ = first;
    } else if (port == 0) {
      port_ = server_.bind_to_any_port(kHost);
    }
    if (port_ > 0) return;
    throw IoError(port == 0 ? std::string("no port of 127.0.0.1 is free")
                            : fmt::format("port {} of 127.0.0.1 is taken; --port 0 takes a free "
                                          "one",
                                          port));
  }

  /// Whether the question was meant for this server: a page from elsewhere, whose name was made to
  /// lead here, says another host.
  bool is_own_host(const Request& request) const {
    const std::string host = request.get_header_value("Host");
    return host == fmt::format("127.0.0.1:{}", port_) || host == fmt::format("localhost:{}", port_);
  }

  void set_answers() {
    server_.set_pre_routing_handler([this](const Request& request, Response& response) {
      if (request.method != "GET") {
        response.status = 405;
        response.set_header("Allow", "GET");
      } else if (!is_own_host(request)) {
        response.status = 403;
      } else {
        return httplib::Server::HandlerResponse::Unhandled;
      }
      response.set_content("imgcls report answers GET of / and /data.json, to this machine\n",
                           kPlain);
      return httplib::Server::HandlerResponse::Handled;
    });
    server_.Get("/", [this](const Request&, Response& response) {
      answer(response, [&] {
        response.set_header("Cache-Control", "no-store");
        send(response, page_html(newest_.read().report), "text/html; charset=utf-8");
      });
    });
    server_.Get("/data\\.json", [this](const Request& request, Response& response) {
      answer(response, [&] {
        const Newest::State state = newest_.read();
        response.set_header("Cache-Control", "no-cache");
        response.set_header("ETag", state.tag);
        if (request.get_header_value("If-None-Match") == state.tag) {
          response.status = 304;
        } else {
          send(response, json_text(state.report), "application/json");
        }
      });
    });
  }

  /// As it is: httplib would compress a text that it knows, for seconds.
  static void send(Response& response, std::string text, const char* type) {
    const auto kept = std::make_shared<const std::string>(std::move(text));
    response.set_content_provider(
        kept->size(), type, [kept](std::size_t at, std::size_t length, httplib::DataSink& sink) {
          return sink.write(kept->data() + at, length);
        });
  }

  /// A file that is just being written may be broken for a moment: the page says so and asks again.
  template <typename Work>
  static void answer(Response& response, Work work) {
    try {
      work();
    } catch (const std::exception& e) {
      response.status = 503;
      response.set_content(e.what(), kPlain);
    }
  }

  Newest newest_;
  httplib::Server server_;
  int port_ = 0;
  std::jthread thread_;  // the last member: it ends before what it uses
};

LiveServer::LiveServer(std::vector<std::filesystem::path> arguments, std::string title, int port)
    : listener_(std::make_unique<Listener>(std::move(arguments), std::move(title), port)) {}

LiveServer::~LiveServer() = default;

int LiveServer::port() const {
  return listener_->port();
}

std::string LiveServer::address() const {
  return fmt::format("http://{}:{}/", kHost, port());
}

}  // namespace imgcls::report
