#pragma once
// All of imgcls/models.

#include <imgcls/models/airbench.h>
#include <imgcls/models/model.h>
#include <imgcls/models/pth.h>
#include <imgcls/models/registry.h>
#include <imgcls/models/resnet.h>
#include <imgcls/models/resnet9.h>
#include <imgcls/models/safetensors.h>
#include <imgcls/models/weights.h>
#include <imgcls/models/weights_file.h>
