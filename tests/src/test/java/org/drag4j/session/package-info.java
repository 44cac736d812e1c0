/** Tests of what only the package of sessions can call, with networks that run. */
@NullMarked
package org.drag4j.session;

import org.jspecify.annotations.NullMarked;
