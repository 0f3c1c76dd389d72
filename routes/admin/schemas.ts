export const tags = ['admin']
