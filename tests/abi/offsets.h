/* Where everything of header 1 lies on LP64. Structs may grow at their end; those that a plugin has on its stack for the host to fill,
 * or within its own structs, may not. EXACT: the kept copy of header 1 itself. */
#ifdef __LP64__
#define AT(struct_, member_, offset_) \
  _Static_assert (offsetof (struct struct_, member_) == (offset_), #struct_ "." #member_ " has moved: plugins built earlier break")
#define FIXED(struct_, size_) _Static_assert (sizeof (struct struct_) == (size_), #struct_ " may not change its size")
#ifdef EXACT
#define SIZE(struct_, size_) _Static_assert (sizeof (struct struct_) == (size_), #struct_ " of header 1 has another size")
#else
#define SIZE(struct_, size_) _Static_assert (sizeof (struct struct_) >= (size_), #struct_ " has lost members")
#endif

AT (kk_field, name, 0);
AT (kk_field, unit, 8);
AT (kk_field, help, 16);
AT (kk_field, only_if, 24);
AT (kk_field, type, 32);
AT (kk_field, kind, 36);
AT (kk_field, decimals, 40);
AT (kk_field, reserved, 44);
SIZE (kk_field, 48);
AT (kk_table, name, 0);
AT (kk_table, key, 8);
AT (kk_table, help, 16);
AT (kk_table, only_if, 24);
AT (kk_table, fields, 32);
AT (kk_table, n_fields, 40);
AT (kk_table, key_type, 44);
AT (kk_table, max_rows, 48);
AT (kk_table, reserved, 52);
SIZE (kk_table, 56);
AT (kk_list, items, 0);
AT (kk_list, count, 8);
AT (kk_list, reserved, 12);
FIXED (kk_list, 16);
AT (kk_option, name, 0);
AT (kk_option, help, 8);
AT (kk_option, def, 16);
AT (kk_option, min, 24);
AT (kk_option, max, 32);
AT (kk_option, choices, 40);
AT (kk_option, unit, 48);
AT (kk_option, type, 56);
AT (kk_option, offset, 60);
AT (kk_option, flags, 64);
AT (kk_option, reserved, 68);
SIZE (kk_option, 72);
AT (kk_time, wall_ns, 0);
AT (kk_time, mono_ns, 8);
AT (kk_time, elapsed_ns, 16);
AT (kk_time, after, 24);
AT (kk_time, reserved, 28);
FIXED (kk_time, 32);
AT (kk_table_info, wall_ns, 0);
AT (kk_table_info, mono_ns, 8);
AT (kk_table_info, rows, 16);
AT (kk_table_info, state, 20);
AT (kk_table_info, held, 24);
AT (kk_table_info, reserved, 28);
SIZE (kk_table_info, 32);
AT (kk_value, f64, 0);
AT (kk_value, u64, 0);
AT (kk_value, i64, 0);
AT (kk_value, boolean, 0);
AT (kk_value, string, 0);
AT (kk_value, type, 8);
AT (kk_value, absent, 12);
AT (kk_value, length, 16);
AT (kk_value, held, 20);
FIXED (kk_value, 24);
AT (kk_fault, option, 0);
AT (kk_fault, text, 8);
FIXED (kk_fault, 264);
AT (kk_plugin, size, 0);
AT (kk_plugin, api, 4);
AT (kk_plugin, option_size, 8);
AT (kk_plugin, field_size, 12);
AT (kk_plugin, table_size, 16);
AT (kk_plugin, kind, 20);
AT (kk_plugin, name, 24);
AT (kk_plugin, version, 32);
AT (kk_plugin, summary, 40);
AT (kk_plugin, interval, 48);
AT (kk_plugin, options, 56);
AT (kk_plugin, tables, 64);
AT (kk_plugin, n_options, 72);
AT (kk_plugin, n_tables, 76);
AT (kk_plugin, config_size, 80);
#ifdef EXACT
AT (kk_plugin, reserved, 84);
#else
AT (kk_plugin, flags, 84);
#endif
AT (kk_plugin, create, 88);
AT (kk_plugin, destroy, 96);
AT (kk_plugin, read, 104);
AT (kk_plugin, bind, 112);
AT (kk_plugin, unbind, 120);
AT (kk_plugin, process, 128);
AT (kk_plugin, flush_filter, 136);
AT (kk_plugin, write, 144);
AT (kk_plugin, flush, 152);
AT (kk_plugin, check, 160);
AT (kk_plugin, declare, 168);
SIZE (kk_plugin, 176);
AT (kk_host, size, 0);
AT (kk_host, api, 4);
AT (kk_host, log, 8);
AT (kk_host, log_level, 16);
AT (kk_host, status, 24);
AT (kk_host, name, 32);
AT (kk_host, data_dir, 40);
AT (kk_host, interval, 48);
AT (kk_host, now, 56);
AT (kk_host, read_time, 64);
AT (kk_host, row, 72);
AT (kk_host, row_u64, 80);
AT (kk_host, table_state, 88);
AT (kk_host, set_f64, 96);
AT (kk_host, set_u64, 104);
AT (kk_host, set_i64, 112);
AT (kk_host, set_bool, 120);
AT (kk_host, set_string, 128);
AT (kk_host, set_absent, 136);
AT (kk_host, schema_id, 144);
AT (kk_host, schema_tables, 152);
AT (kk_host, schema_table, 160);
AT (kk_host, schema_field, 168);
AT (kk_host, sample_ref, 176);
AT (kk_host, sample_unref, 184);
AT (kk_host, sample_schema, 192);
AT (kk_host, sample_time, 200);
AT (kk_host, table_info, 208);
AT (kk_host, get, 216);
AT (kk_host, get_key, 224);
AT (kk_host, get_identity, 232);
AT (kk_host, value_time, 240);
AT (kk_host, shape_drop_table, 248);
AT (kk_host, shape_drop_field, 256);
AT (kk_host, emit_keep_rows, 264);
AT (kk_host, emit, 272);
AT (kk_host, declare_table, 280);
AT (kk_host, deadline, 288);
SIZE (kk_host, 296);
FIXED (kk_instance, 8);
FIXED (kk_rows, 8);
FIXED (kk_row, 8);
FIXED (kk_sample, 8);
FIXED (kk_schema, 8);
FIXED (kk_shape, 8);
FIXED (kk_emit, 8);
FIXED (kk_declare, 8);

_Static_assert (KK_TYPE_STRING == 5 && KK_INFO == 3 && KK_DENIED == 7 && KK_U64_KEY == 2 && KK_OPTION_LIST == 10, "enums of values");
_Static_assert (KK_FAILED == 2 && KK_OUTPUT == 3 && KK_RETRY == 1 && KK_SECRET == 4 && KK_LOG_DEBUG == 7, "enums of words");
_Static_assert (KK_HELD == 2, "what a read may return");
#endif
