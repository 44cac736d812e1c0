@NullMarked
package org.drag4j.session;

import org.jspecify.annotations.NullMarked;
