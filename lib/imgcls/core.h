#pragma once
// All of imgcls/core.

#include <imgcls/core/config.h>
#include <imgcls/core/cores.h>
#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/input_file.h>
#include <imgcls/core/log.h>
#include <imgcls/core/md5.h>
#include <imgcls/core/new_file.h>
#include <imgcls/core/philox.h>
#include <imgcls/core/sha256.h>
#include <imgcls/core/xxh3.h>
