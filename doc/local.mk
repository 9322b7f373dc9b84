# SPDX-License-Identifier: MIT
EXTRA_DIST += \
	doc/Doxyfile.in \
	doc/architecture.md \
	doc/integration.md

# The manual of the public headers, in doc/html/index.html. Needs doxygen; nothing else does. It is
# always made anew: there is no file clean-doc, and a directory called doc.
doc: clean-doc
	$(AM_V_GEN)$(MKDIR_P) doc && \
		$(SHELL) ./config.status -q --file=doc/Doxyfile:$(srcdir)/doc/Doxyfile.in && \
		doxygen doc/Doxyfile

clean-local: clean-doc
clean-doc:
	rm -rf doc/Doxyfile doc/html
