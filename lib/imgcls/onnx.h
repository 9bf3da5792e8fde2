#pragma once
// All of imgcls/onnx: a network as a file for other programs. In the order of things:
//
//   header             what it does
//   onnx/export.h      the way in: a model and a path
//   onnx/trace.h       inside: a forward pass as a list of operations
//   onnx/converter.h   inside: an operation as nodes of ONNX
//   onnx/model_file.h  inside: the nodes as protocol buffers

#include <imgcls/onnx/export.h>
