/**
 * Imported first by whoever runs a host. Node does the work on files in four threads unless told otherwise before the
 * first of it; four disks on storage that hangs would then stop everything, down to the state files.
 */
process.env['UV_THREADPOOL_SIZE'] ??= '16';
