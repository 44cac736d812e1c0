/** The user's cache folder, files that appear complete or not at all, and digests. */
@NullMarked
package org.drag4j.cache;

import org.jspecify.annotations.NullMarked;
