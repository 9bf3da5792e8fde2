#pragma once
// All of imgcls/onnx.

#include <imgcls/onnx/export.h>
