#include <imgcls/core/new_file.h>
#include <imgcls/onnx/model_file.h>

#include <fmt/format.h>

#include <optional>
#include <protozero/pbf_writer.hpp>

namespace imgcls::onnx {
namespace {

using protozero::pbf_writer;

constexpr std::uint64_t kLargestBuffer = (std::uint64_t{1} << 31) - (1 << 20);
/// Smaller initializers stay in the first file: sizes for Reshape, which checkers want to see.
constexpr std::size_t kSmall = 1024;
constexpr std::uint64_t kAlignment = 4096;  // as ONNX's documentation recommends, for mmap

// The fields' numbers, from onnx.proto.
namespace model {
enum { ir_version = 1, producer = 2, producer_version = 3, graph = 7, opset = 8, metadata = 14 };
}
namespace opset {
enum { version = 2 };
}
namespace graph {
enum { node = 1, name = 2, initializer = 5, input = 11, output = 12 };
}
namespace node {
enum { input = 1, output = 2, name = 3, op = 4, attribute = 5 };
}
namespace attribute {
enum { name = 1, f = 2, i = 3, s = 4, ints = 8, type = 20 };
enum Type { kFloat = 1, kInt = 2, kString = 3, kInts = 7 };
}  // namespace attribute
namespace tensor {
enum { shape = 1, type = 2, name = 8, raw = 9, external = 13, location = 14 };
constexpr int kExternal = 1;
}  // namespace tensor
namespace entry {
enum { key = 1, value = 2 };
}
namespace port {
enum { name = 1, type = 2 };
enum { tensor = 1 };              // of a type
enum { element = 1, shape = 2 };  // of a tensor's type
enum { dimension = 1 };           // of a shape
enum { value = 1, parameter = 2 };
}  // namespace port

constexpr int kIrVersion = 8;  // of the release that brought operator set 17

struct AttributeWriter {
  pbf_writer& out;

  void operator()(std::int64_t value) {
    out.add_int64(attribute::i, value);
    out.add_int32(attribute::type, attribute::kInt);
  }
  void operator()(float value) {
    out.add_float(attribute::f, value);
    out.add_int32(attribute::type, attribute::kFloat);
  }
  void operator()(const std::string& value) {
    out.add_bytes(attribute::s, value);
    out.add_int32(attribute::type, attribute::kString);
  }
  void operator()(const std::vector<std::int64_t>& values) {
    for (const std::int64_t value : values) out.add_int64(attribute::ints, value);
    out.add_int32(attribute::type, attribute::kInts);
  }
};

void add_node(pbf_writer& graph_out, const Node& item) {
  pbf_writer out(graph_out, graph::node);
  for (const std::string& name : item.inputs) out.add_string(node::input, name);
  for (const std::string& name : item.outputs) out.add_string(node::output, name);
  out.add_string(node::name, item.outputs.front());
  out.add_string(node::op, item.op);
  for (const auto& [name, value] : item.attributes) {
    pbf_writer one(out, node::attribute);
    one.add_string(attribute::name, name);
    std::visit(AttributeWriter{one}, value);
  }
}

void add_port(pbf_writer& graph_out, protozero::pbf_tag_type tag, const Port& item) {
  pbf_writer out(graph_out, tag);
  out.add_string(port::name, item.name);
  pbf_writer type(out, port::type);
  pbf_writer tensor_type(type, port::tensor);
  tensor_type.add_int32(port::element, static_cast<int>(DataType::float32));
  pbf_writer shape(tensor_type, port::shape);
  pbf_writer(shape, port::dimension).add_string(port::parameter, "batch");
  for (const std::int64_t size : item.shape_of_one) {
    pbf_writer(shape, port::dimension).add_int64(port::value, size);
  }
}

/// A StringStringEntryProto.
void add_entry(pbf_writer& out, protozero::pbf_tag_type field, std::string_view key,
               const std::string& value) {
  pbf_writer item(out, field);
  item.add_string(entry::key, key.data(), key.size());
  item.add_string(entry::value, value);
}

/// The initializers' bytes, in a file of their own.
class DataFile {
 public:
  explicit DataFile(const std::filesystem::path& model)
      : path_(model.string() + ".data"), file_(path_) {}

  void add(pbf_writer& out, std::span<const std::byte> bytes) {
    const std::string padding((kAlignment - file_.bytes() % kAlignment) % kAlignment, '\0');
    file_.write(padding);
    add_entry(out, tensor::external, "location", path_.filename().string());
    add_entry(out, tensor::external, "offset", std::to_string(file_.bytes()));
    add_entry(out, tensor::external, "length", std::to_string(bytes.size()));
    out.add_int32(tensor::location, tensor::kExternal);
    file_.write(bytes);
  }
  void commit() { file_.commit(); }

 private:
  std::filesystem::path path_;
  NewFile file_;
};

void add_initializer(pbf_writer& graph_out, const Initializer& item,
                     std::optional<DataFile>& data) {
  pbf_writer out(graph_out, graph::initializer);
  for (const std::int64_t size : item.shape) out.add_int64(tensor::shape, size);
  out.add_int32(tensor::type, static_cast<int>(item.type));
  out.add_string(tensor::name, item.name);
  if (data && item.bytes.size() >= kSmall) {
    data->add(out, item.bytes);
  } else {
    out.add_bytes(tensor::raw, reinterpret_cast<const char*>(item.bytes.data()), item.bytes.size());
  }
}

std::uint64_t bytes_of(std::span<const Initializer> initializers) {
  std::uint64_t bytes = 0;
  for (const Initializer& item : initializers) bytes += item.bytes.size();
  return bytes;
}

}  // namespace

void write(const ModelFile& file, const std::filesystem::path& path) {
  std::optional<DataFile> data;
  if (bytes_of(file.initializers) > kLargestBuffer) data.emplace(path);

  std::string buffer;
  pbf_writer out(buffer);
  out.add_int64(model::ir_version, kIrVersion);
  out.add_string(model::producer, "imgcls");
  out.add_string(model::producer_version, IMGCLS_VERSION);
  pbf_writer(out, model::opset).add_int64(opset::version, file.opset);
  {
    pbf_writer graph_out(out, model::graph);
    graph_out.add_string(graph::name, file.name);
    for (const Node& item : file.nodes) add_node(graph_out, item);
    for (const Initializer& item : file.initializers) add_initializer(graph_out, item, data);
    add_port(graph_out, graph::input, file.input);
    add_port(graph_out, graph::output, file.output);
  }
  for (const auto& [key, value] : file.metadata) add_entry(out, model::metadata, key, value);
  NewFile target(path);
  target.write(buffer);
  if (data) data->commit();
  target.commit();
}

}  // namespace imgcls::onnx
