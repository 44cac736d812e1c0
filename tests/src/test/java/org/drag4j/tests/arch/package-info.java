/** What may depend on what. */
@NullMarked
package org.drag4j.tests.arch;

import org.jspecify.annotations.NullMarked;
