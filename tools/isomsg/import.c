/* isomsg import-packager: a packager file of jPOS to a dialect file. */
#include "tools/isomsg/import_packager.h"
#include "tools/isomsg/options.h"

int import_run(const struct options *options)
{
    return import_packager_run(options->args[0], options->output);
}
