#pragma once
// All of imgcls/models: networks, and weights in and out. In the order of things:
//
//   header                     what it does
//   models/registry.h          models by name; the networks are a file each (models/families.h)
//   models/model.h             a network as training sees it: images in, logits out
//   models/network.h           what the zoo's networks derive from: named stages
//   models/resnet.h            one of the families; models/airbench.h, models/resnet9.h
//   models/distilled.h         networks with logits of their own for a teacher
//   models/head.h              the layer that gives the logits, made anew
//   models/parameter_places.h  which layer a parameter is of, and which are norms'
//   models/statistics_recount.h  batch norm's statistics, computed anew
//   models/weights.h           a model's weights in and out; models/weights_hash.h one number
//                              for all of them
//   models/weights_file.h      a file of them, open: models/safetensors.h, models/pth.h; their
//                              types of values are models/dtypes.h's
//
// Inside, what families share: layers.h, chain.h, init.h, transformer.h, efficientnet.h,
// inception_layers.h, blur_pool.h, and batch_norm.h, whose statistics ranks can share.

#include <imgcls/models/airbench.h>
#include <imgcls/models/distilled.h>
#include <imgcls/models/head.h>
#include <imgcls/models/model.h>
#include <imgcls/models/parameter_places.h>
#include <imgcls/models/pth.h>
#include <imgcls/models/registry.h>
#include <imgcls/models/resnet.h>
#include <imgcls/models/resnet9.h>
#include <imgcls/models/safetensors.h>
#include <imgcls/models/weights.h>
#include <imgcls/models/weights_file.h>
