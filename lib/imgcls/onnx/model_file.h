#pragma once
// An ONNX model as a file: the parts of ONNX's protocol buffers that a classifier needs, written by
// protozero. It knows nothing of networks; export.h makes one from a model.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace imgcls::onnx {

/// TensorProto.DataType's numbers.
enum class DataType { float32 = 1, int64 = 7, boolean = 9 };

/// A value of an operation's attribute: "ints" is a list.
using Attribute = std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>>;

/// An operation of ONNX's standard set.
struct Node {
  std::string op;  ///< its name in the standard: "Conv"
  /// Names of tensors; an input may be "", which is none.
  std::vector<std::string> inputs, outputs;
  std::vector<std::pair<std::string, Attribute>> attributes = {};  ///< name and value
};

/// A constant tensor. The bytes, in C order, belong to the caller until the file is written.
struct Initializer {
  std::string name;                  ///< what nodes call it
  DataType type;                     ///< of its values
  std::vector<std::int64_t> shape;   ///< may be empty: one number
  std::span<const std::byte> bytes;  ///< as many as shape and type say
};

/// What goes in or comes out: float tensors whose first dimension is the batch, of any size.
struct Port {
  std::string name;                        ///< what nodes and programs call it
  std::vector<std::int64_t> shape_of_one;  ///< without the batch
};

/// A graph, and what surrounds it in a file.
struct ModelFile {
  std::string name;                       ///< of the graph
  int opset = 17;                         ///< the version of the standard set of operations
  Port input, output;                     ///< one of each
  std::vector<Node> nodes;                ///< in an order in which each can be computed
  std::vector<Initializer> initializers;  ///< the constants that nodes take
  /// What a program finds beside the graph (`metadata_props`), in this order.
  std::vector<std::pair<std::string, std::string>> metadata = {};
};

/// Writes `model` to `path`. A protocol buffer ends at 2 GiB: where the initializers take more,
/// all but the smallest go to a second file, PATH.data, which belongs to it. Throws IoError.
void write(const ModelFile& model, const std::filesystem::path& path);

}  // namespace imgcls::onnx
