#pragma once
// All of imgcls/data.

#include <imgcls/data/class_names.h>
#include <imgcls/data/decode.h>
#include <imgcls/data/image.h>
#include <imgcls/data/index.h>
#include <imgcls/data/loader.h>
#include <imgcls/data/make_index.h>
#include <imgcls/data/meta_bin.h>
#include <imgcls/data/prepare_imagenet.h>
#include <imgcls/data/sampler.h>
#include <imgcls/data/shard_writer.h>
#include <imgcls/data/source.h>
#include <imgcls/data/staging.h>
#include <imgcls/data/transform.h>
#include <imgcls/data/write_shards.h>
