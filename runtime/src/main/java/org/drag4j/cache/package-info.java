/** What is kept between runs, how a file appears whole, and digests. */
@NullMarked
package org.drag4j.cache;

import org.jspecify.annotations.NullMarked;
