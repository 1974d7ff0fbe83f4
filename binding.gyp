# The second build, for plain node-gyp (`npx node-gyp rebuild`): the sources and flags of CMakeLists.txt, to the same
# place, and with the stamp that tells tools/install.mjs that the addon is fresh.
{
  'targets': [
    {
      'target_name': 'vamana',
      'sources': ["<!@(node tools/project.mjs sources)"],
      'include_dirs': ['native'],
      'defines': [
        'NAPI_VERSION=8',
        'NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS',
        'NODE_ADDON_API_DISABLE_DEPRECATED',
        'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
      ],
      'cflags_cc!': ['-std=gnu++17', '-std=gnu++20', '-fno-exceptions', '-fno-rtti'],
      'cflags_cc': [
        '-std=c++20',
        '-O3',
        '-Wall',
        '-Wextra',
        '-Werror',
        '-fvisibility=hidden',
        '-isystem', "<!(node tools/project.mjs simsimd)",
        '-isystem', "<!(node tools/project.mjs node-addon-api)",
        '-isystem', "<!(node tools/project.mjs node-api-headers)",
      ],
    },
    {
      'target_name': 'stamp',
      'type': 'none',
      'dependencies': ['vamana'],
      'actions': [
        {
          'action_name': 'write_stamp',
          'inputs': ['<(PRODUCT_DIR)/vamana.node'],
          'outputs': ['<(PRODUCT_DIR)/vamana.stamp'],
          'action': ['node', 'tools/install.mjs', '--stamp'],
        },
      ],
    },
  ],
}
